"""The course as a site: lessons, Deeper, glossary, instructor's guide and reference, put together for Sphinx."""

import importlib
import re
import shutil
import tempfile
from pathlib import Path

import nbformat

from tlcourse.course.glossary import glossary, linked, write_glossary
from tlcourse.course.sources import both_volumes, notebooks_folder

PAGES = {
    "README.md": "index.md",
    "docs/guide.md": "guide.md",
    "docs/runs.md": "runs.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
}
"""Pages of the checkout, and where they stand in the site."""

MODULES = (
    "lesson",
    "datasets",
    "own_data",
    "backbones",
    "features",
    "finetuning",
    "adaptation",
    "transferability",
    "baselines",
    "training",
    "networks",
    "text",
    "hub",
    "evaluation",
    "explain",
    "plotting",
    "assets",
)
"""What a lesson imports, in the order of CONTRIBUTING."""

CONTENTS = """
```{{toctree}}
:hidden:
:caption: {caption}

{pages}
```
"""


def make_site(folder):
    """Make the site from what is committed: nothing is executed, and no network is used.

    A link that leads nowhere, and a word of the glossary that no lesson introduces, are errors.

    Args:
        folder: `pathlib.Path` where the pages go; ``index.html`` is the first.

    Raises:
        RuntimeError: if Sphinx finds something wrong; it has said what.
    """
    from sphinx.cmd.build import build_main

    with tempfile.TemporaryDirectory() as temporary:
        sources, pages = Path(temporary, "sources"), Path(temporary, "pages")
        assemble(sources)
        if build_main(["-q", "-W", "--keep-going", "-b", "html", str(sources), str(pages)]):
            raise RuntimeError("Sphinx has found something wrong with the site; see above.")
        shutil.copytree(pages, folder, dirs_exist_ok=True)  # myst-nb leaves a folder of pictures beside its output


def assemble(folder):
    """Write what Sphinx needs for the site into a folder: nothing is executed, and no network is used.

    Args:
        folder: `pathlib.Path`, new or empty.
    """
    root = notebooks_folder().parent
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(root / "docs", folder, dirs_exist_ok=True)
    for each in ("figures", "programs"):
        shutil.copytree(root / "notebooks" / each, folder / "notebooks" / each)
    for path in ("source/00_start_here.py", "source/template.py", "source/deeper/template.py"):
        target = folder / "notebooks" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / "notebooks" / path, target)
    (folder / "data").mkdir()
    shutil.copy(root / "data" / "README.md", folder / "data" / "README.md")
    for path, place in PAGES.items():
        (folder / place).write_text(_for_site((root / path).read_text("utf-8")), "utf-8")
    editions = [(source, nbformat.read(source.edition, as_version=4)) for source in both_volumes()]
    entries = glossary([pair for pair in editions if not pair[0].deeper])
    write_glossary(entries, folder, after=(root / "docs" / "words.md").read_text("utf-8").partition("\n")[2])
    (folder / "words.md").unlink()
    for source, edition in editions:
        place = folder / source.edition.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        up = "../" * (len(place.relative_to(folder).parts) - 1)
        nbformat.write(linked(edition, entries, up), place)
    _reference(folder / "reference")
    lessons = [source.edition.relative_to(root).with_suffix("") for source, _ in editions]
    contents = {
        "Lessons": [each for each in lessons if each.parent.name != "deeper"],
        "Deeper": [each for each in lessons if each.parent.name == "deeper"],
        "To look up": ["glossary", "reference/index", "data/README"],
        "To teach": ["guide", "runs", "CONTRIBUTING", "CHANGELOG"],
    }
    with (folder / "index.md").open("a", encoding="utf-8") as page:
        for caption, pages in contents.items():
            page.write(CONTENTS.format(caption=caption, pages="\n".join(map(str, pages))))


def _for_site(text):
    """Links to modules lead to the reference, and those between the README and `docs/` stay in the site."""
    text = re.sub(r"\]\(tlcourse/(\w+?)(?:\.py)?\)", _to_reference, text)
    text = text.replace("](docs/words.md", "](glossary.md")  # at whose end they stand
    return text.replace("](docs/", "](").replace("](../README.md)", "](index.md)").replace("](../", "](")


def _to_reference(found):
    return f"](reference/{found[1]}.md)" if found[1] in MODULES else "](reference/index.md)"


def _reference(folder):
    folder.mkdir()
    lines = []
    for name in MODULES:
        module = importlib.import_module(f"tlcourse.{name}")
        public = getattr(module, "__all__", None) or [
            key
            for key, each in vars(module).items()
            if not key.startswith("_") and getattr(each, "__module__", None) == module.__name__
        ]
        first = (module.__doc__ or "").strip().splitlines()[0]
        parts = [f"# {name}\n\n{first}\n\n```{{eval-rst}}\n.. py:module:: tlcourse.{name}\n"]
        parts += [_documented(module, each) for each in public]
        (folder / f"{name}.md").write_text("\n".join([*parts, "```\n"]), "utf-8")
        lines.append(f"- [{name}]({name}.md): {first}")
    contents = CONTENTS.format(caption="Reference", pages="\n".join(MODULES))
    index = "\n".join(["# Reference\n\nWhat a lesson imports.\n", *lines, contents])
    (folder / "index.md").write_text(index, "utf-8")


def _documented(module, name):
    each = getattr(module, name)
    place = f"{module.__name__.removeprefix('tlcourse.')}.{name}"
    if isinstance(each, type):
        return f".. autoclass:: tlcourse.{place}\n   :members:\n"
    return f".. autofunction:: tlcourse.{place}\n" if callable(each) else f".. py:data:: tlcourse.{place}\n"
