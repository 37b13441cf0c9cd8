"""Loading a project runs nothing: whatever it names, no code, no import, no process, no write."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden" / "v1-full.tempstudio"
WATCHED = """
import re, sys
from pathlib import Path
import tempstudio as ts
from tempstudio.storage.project_file import read_project_file
read_project_file(Path(sys.argv[1]))  # whatever loading needs is imported by now
seen = []
# The program reads the types of its own records, which Python does by compiling "float" and the
# like; nothing that could be called is in those.
TYPE = re.compile(r"[\\w .,|\\[\\]]+")
FORBIDDEN = ("import", "os.system", "os.exec", "os.fork", "os.posix_spawn",
             "os.spawn", "subprocess.Popen", "pickle.find_class", "marshal.loads", "socket.connect",
             "ctypes.dlopen", "os.remove", "os.rename", "os.mkdir", "shutil.rmtree", "os.chmod")
def audit(event, arguments):
    if event in FORBIDDEN:
        seen.append((event, str(arguments)[:80]))
    elif event == "compile":
        source = arguments[0] if isinstance(arguments[0], str) else bytes(arguments[0]).decode()
        if not TYPE.fullmatch(source):
            seen.append((event, source[:80]))
    elif event == "open" and arguments[1] not in ("r", "rb", None):
        seen.append((event, str(arguments)[:80]))
sys.addaudithook(audit)
content = read_project_file(Path(sys.argv[2]))
ts.load(sys.argv[2])
mapper = content.project.mapper
print([] if not seen else seen)
print(mapper.name)
"""


def test_a_project_that_names_everything_dangerous_only_names_it(tmp_path: Path) -> None:
    document = json.loads(GOLDEN.read_text())
    trap = tmp_path / "trap"
    code = f"__import__('pathlib').Path({str(trap)!r}).touch()"
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "beside.py").write_text(code)
    document["strategies"]["mapper"] = {
        "name": f"os.system('touch {trap}')",
        "version": "1",
        "options": {"class": "subprocess.Popen", "!!python/object": code, "path": "beside.py"},
    }
    document["needs"] = [{"plugin": "file:beside", "version": code}]
    document["plan"] = {"__reduce__": code, "parallel": {"dp": code}}
    document["notes"] = f"{{{{ {code} }}}}"
    document["model"]["source"] = str(tmp_path / "plugins" / "beside.py")
    path = tmp_path / "odd.tempstudio"
    path.write_text(json.dumps(document))
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(GOLDEN), str(path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    seen, name = done.stdout.splitlines()
    assert seen == "[]"
    assert name.startswith("os.system") and not trap.exists()
