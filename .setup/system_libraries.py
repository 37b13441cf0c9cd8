"""Which Debian packages Qt still needs here, and how they come in.

Only Debian and its children are looked at: the names of packages differ elsewhere, so there
nothing is said and nothing is done. Standard library only; runs before anything is installed.
"""

import ctypes
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

# What each package brings is asked of the dynamic loader, by soname: a library that loads is
# there, whoever put it there, and newer Debians rename packages but not libraries.
OFFSCREEN = {
    "libglib2.0-0": "libgthread-2.0.so.0",
    "libgl1": "libGL.so.1",
    "libegl1": "libEGL.so.1",
    "libxkbcommon0": "libxkbcommon.so.0",
    "libdbus-1-3": "libdbus-1.so.3",
    "libfontconfig1": "libfontconfig.so.1",
}
X11 = {
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-shape0": "libxcb-shape.so.0",
}
WAYLAND = {
    "libwayland-client0": "libwayland-client.so.0",
    "libwayland-cursor0": "libwayland-cursor.so.0",
    "libwayland-egl1": "libwayland-egl.so.1",
}
FONTS = "fonts-dejavu-core"
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")


def is_debian(os_release: str) -> bool:
    """Whether the text of /etc/os-release is that of Debian or of a child of it."""
    for line in os_release.splitlines():
        key, _, value = line.partition("=")
        if key in ("ID", "ID_LIKE") and "debian" in value.strip("\"'").split():
            return True
    return False


def loads(soname: str) -> bool:
    """Whether the dynamic loader finds this library and everything it needs."""
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def has_fonts() -> bool:
    """Whether any scalable font is installed; Qt offscreen draws boxes without one."""
    folders = [Path(folder).expanduser() for folder in FONT_FOLDERS]
    return any(
        path.suffix.lower() in (".ttf", ".otf", ".ttc")
        for folder in folders
        for path in folder.rglob("*")
    )


def missing_packages(environment: Mapping) -> list:
    """The Debian packages Qt still needs for the displays that the environment names.

    In a fixed order; none where the system is no Debian.
    """
    try:
        os_release = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return []
    if not is_debian(os_release) or shutil.which("apt-get") is None:
        return []
    wanted = dict(OFFSCREEN)
    if environment.get("DISPLAY"):
        wanted.update(X11)
    if environment.get("WAYLAND_DISPLAY"):
        wanted.update(WAYLAND)
    missing = [package for package, soname in wanted.items() if not loads(soname)]
    if not has_fonts():
        missing.append(FONTS)
    if importlib.util.find_spec("ensurepip") is None:
        missing.append("python3-venv")
    return missing


def sudo_line(packages: list) -> str:
    """What a person who is not root has to type."""
    return "sudo apt-get update && sudo apt-get install -y --no-install-recommends " + " ".join(
        packages
    )


def install(packages: list, log: Path) -> bool:
    """Install packages as root; the package lists are fetched only when the first try fails."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    install_command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages]
    with log.open("a", encoding="utf-8") as output:

        def succeeds(command: list) -> bool:
            return (
                subprocess.run(
                    command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                ).returncode
                == 0
            )

        if succeeds(install_command):
            return True
        return succeeds(["apt-get", "update", "-qq"]) and succeeds(install_command)
