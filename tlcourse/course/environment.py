"""`environment.yml` for conda and Binder, made from the one list of dependencies in `pyproject.toml`."""

import re
import tomllib

from packaging.requirements import Requirement

from tlcourse.assets import data_folder

REQUIREMENT = re.compile(r'^\s*"(?P<requirement>[^"]+)",\s*#\s*(?P<purpose>.+)$', re.MULTILINE)


def environment_yml():
    """Return the text of `environment.yml`: the default install in its locked versions, a purpose beside each line.

    >>> "numpy==" in environment_yml()
    True
    """
    text = (data_folder().parent / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    versions = locked_versions("3.12")
    purposes = {found["requirement"]: found["purpose"] for found in REQUIREMENT.finditer(text)}
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["tensorflow"], *extras["medical"]]
    lines = [f"      - {name(r)}=={versions[name(r)]}  # {purposes[r]}" for r in wanted]
    return "\n".join(
        [
            "# Made from pyproject.toml by `make lock`. TensorFlow comes by pip: its wheels fit the versions below.",
            "name: tlcourse",
            "channels:",
            "  - conda-forge",
            "dependencies:",
            "  - python=3.12  # 3.11 and 3.13 work as well",
            "  - pip  # everything below",
            "  - pip:",
            *lines,
            "      - -e .  # the course itself, with its bundled data and weights",
            "",
        ]
    )


def locked_versions(python=""):
    """Return the version of each package in `requirements.lock`: on Linux with this Python, by default here."""
    text = (data_folder().parent / "requirements.lock").read_text(encoding="utf-8")
    pinned = [Requirement(line.rstrip(" \\")) for line in text.splitlines() if re.match(r"[a-z0-9]", line)]
    linux = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    linux |= {"platform_system": "Linux", "platform_machine": "x86_64", "implementation_name": "cpython"}
    fitting = [pin for pin in pinned if pin.marker is None or pin.marker.evaluate(linux if python else None)]
    return {pin.name: str(pin.specifier).removeprefix("==") for pin in fitting}


def name(requirement):
    """Return the package that a requirement is about.

    >>> name("keras>=3.15")
    'keras'
    """
    return Requirement(requirement).name


if __name__ == "__main__":
    print(environment_yml(), end="")
