"""What is generated is up to date, and nothing of one machine is written down."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from tlcourse.assets import registry
from tlcourse.course.environment import environment_yml, locked_versions
from tlcourse.course.showcase import figure_path, shown_figure, shown_results
from tlcourse.course.tables import lesson_table

ROOT = Path(__file__).parents[1]


def test_readme_shows_the_table_of_lessons():
    assert lesson_table() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_shows_the_results_and_the_pictures_of_the_first_lesson():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert shown_results() in readme
    assert figure_path().read_bytes() == shown_figure()
    assert figure_path().relative_to(ROOT).as_posix() in readme


def test_environment_yml_is_what_pyproject_and_lock_make():
    assert (ROOT / "environment.yml").read_text(encoding="utf-8") == environment_yml()


def test_lock_satisfies_pyproject_and_names_no_address():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for python in ("3.11", "3.12", "3.13"):
        versions = locked_versions(python)
        for text in [*project["dependencies"], *extras["tensorflow"], *extras["dev"]]:
            requirement = Requirement(text)
            assert requirement.specifier.contains(versions[requirement.name]), text
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert not {"torch", "jax"} & set(locked_versions())
    assert not re.search(r"^nvidia-", lock, re.MULTILINE)


def test_every_asset_has_a_card():
    cards = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    for asset in registry().values():
        assert f"`{asset.name.split('-')[0]}" in cards
        assert asset.licence.split(";")[0] in cards


def test_version_is_the_same_everywhere():
    import tlcourse

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == tlcourse.__version__
    assert f"## {tlcourse.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"version: {tlcourse.__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
