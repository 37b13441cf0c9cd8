"""Make this checkout ready to run: system libraries, virtual environment, packages, plugins.

Every make target calls this first. It does what is missing, one line a stage, and is silent and
quick when nothing is. Standard library only: it runs on the system's bare Python.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import system_libraries

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "ready"  # holds the key of what was installed; written last
LOG = ROOT / "out" / "setup.log"
OLDEST_PYTHON = (3, 11)
NETWORK_SIGNS = (
    "NewConnectionError",
    "NameResolutionError",
    "Temporary failure",
    "Network is unreachable",
    "Max retries exceeded",
    "ReadTimeoutError",
    "ProxyError",
    "Connection reset",
)


def say(text: str) -> None:
    print("setup: " + text, flush=True)


def plugin_folders() -> list:
    """The example packages of plugins/, each a folder with its own pyproject.toml."""
    return sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))


def key() -> str:
    """A digest of everything that decides what is installed and where."""
    digest = hashlib.sha256(str(ROOT).encode())
    projects = [folder / "pyproject.toml" for folder in plugin_folders()]
    for path in [ROOT / "pyproject.toml", *projects, VENV / "pyvenv.cfg", Path(__file__)]:
        content = path.read_bytes()
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def is_ready() -> bool:
    try:
        return PYTHON.exists() and STAMP.read_text() == key()
    except OSError:
        return False


def build_requirements(folders: list) -> list:
    """What the build backends of these folders ask for: with it, no build needs isolation."""
    import tomllib

    wanted = set()
    for folder in folders:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        wanted.update(project.get("build-system", {}).get("requires", ["setuptools"]))
    return sorted(wanted)


def why_it_failed(output: str) -> str:
    """The one line of a failed command's output that says what was wrong."""
    if "CERTIFICATE_VERIFY_FAILED" in output:
        return "the package index's certificate is not trusted: name yours to pip (PIP_CERT)"
    if any(sign in output for sign in NETWORK_SIGNS):
        return "the package index cannot be reached: check the network (or pip's proxy settings)"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.upper().startswith("ERROR")]
    return (errors or lines or ["no output"])[0]


def attempt(command: list) -> str:
    """Run a command with its output in the log; the reason when it fails, else nothing."""
    environment = dict(
        os.environ,
        PIP_NO_INPUT="1",
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        PIP_ROOT_USER_ACTION="ignore",
    )
    for name in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
        environment.pop(name, None)
    finished = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    with LOG.open("a", encoding="utf-8") as log:
        log.write("$ " + " ".join(str(part) for part in command) + "\n" + finished.stdout)
    return why_it_failed(finished.stdout) if finished.returncode else ""


def pip_install(*arguments: object) -> str:
    # Byte code is made of what the first start loads: all of it takes as long as all the rest.
    return attempt([PYTHON, "-m", "pip", "install", "--no-compile", "--retries", "2", *arguments])


def give_up(text: str) -> int:
    say(f"{text} (all of it: {LOG.relative_to(ROOT)})")
    return 1


def add_system_libraries(packages: list) -> None:
    """Install what Qt lacks when root, else say how; the command line works without any of it."""
    if not packages:
        return
    if os.geteuid() != 0:
        say("no window: Qt lacks system libraries; " + system_libraries.sudo_line(packages))
        return
    say("system packages for Qt: " + " ".join(packages))
    if not system_libraries.install(packages, LOG):
        say(f"apt-get failed, so Qt may not start ({LOG.relative_to(ROOT)} says why)")


def add_plugins(folders: list) -> None:
    """Install the example packages; one that cannot be installed keeps none of the others out."""
    if not folders:
        return
    say("example plugins: " + " ".join(folder.name for folder in folders))
    editable = [option for folder in folders for option in ("-e", folder)]
    if not pip_install("--no-build-isolation", *editable):
        return
    for folder in folders:
        failure = pip_install("--no-build-isolation", "-e", folder)
        if failure:
            say(f"example plugin {folder.name} not installed: {failure}")


def make_byte_code() -> None:
    """Byte code of what the first start loads, which then takes half as long; 2 s."""
    sample = ROOT / "sample_projects" / "llama2-7b-6x8.tempstudio"
    attempt([PYTHON, "-c", "import tempstudio.gui.beginning, tempstudio.gui.interior"])
    attempt([PYTHON, "-m", "tempstudio", "run", sample, "--parallel", "dp=3,stream=16"])


def add_packages() -> int:
    """Create .venv and fill it; 0 when everything that the studio needs is in."""
    if not PYTHON.exists():
        say(f"virtual environment .venv on Python {sys.version.split()[0]}")
        failure = attempt([sys.executable, "-m", "venv", "--clear", VENV])
        if failure:
            return give_up(f"no virtual environment: {failure}")
    plugins = plugin_folders()
    say("packages (some 220 MB to fetch the first time)")
    failure = pip_install(*build_requirements([ROOT, *plugins]))
    failure = failure or pip_install("--no-build-isolation", "-e", ".[dev]")
    if failure:
        return give_up(f"packages not installed: {failure}")
    add_plugins(plugins)
    make_byte_code()
    STAMP.write_text(key())
    return 0


def bring_in(lacking: list) -> int:
    """Install the system packages that are lacking and whatever else is not there yet."""
    began = time.monotonic()
    if is_ready():
        add_system_libraries(lacking)
        return 0
    LOG.write_text("")
    if "python3-venv" in lacking:
        add_system_libraries(lacking)
        lacking = []
    with ThreadPoolExecutor(1) as beside:  # apt-get and pip need not wait for each other
        libraries = beside.submit(add_system_libraries, lacking)
        status = add_packages()
        libraries.result()
    if status == 0:
        say(f"ready after {time.monotonic() - began:.0f} s")
    return status


def main() -> int:
    if sys.version_info < OLDEST_PYTHON:
        say(
            f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}; "
            "name another with: make PYTHON=python3.12"
        )
        return 1
    try:
        LOG.parent.mkdir(exist_ok=True)
        # One set-up at a time: a second make in this folder waits here for the first.
        fcntl.flock(os.open(ROOT, os.O_RDONLY), fcntl.LOCK_EX)
        lacking = system_libraries.missing_packages(os.environ)
        if is_ready() and not lacking:
            return 0
        return bring_in(lacking)
    except OSError as error:
        say(f"cannot set up here: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
