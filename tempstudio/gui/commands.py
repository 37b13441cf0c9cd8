"""The studio's actions as data, menu by menu; `w` is the main window."""

from __future__ import annotations

from tempstudio.gui.actions import Action
from tempstudio.gui.parts import go_to_part


def _export(name: str, title: str, icon: str, summary: str) -> Action:
    return Action(f"file.export.{name}", title, lambda w: w.exports.ask(name),
                  "File", "export", (), icon, summary, submenu="Export")  # fmt: skip


EXPORTS = (
    Action("file.export.picture", "Picture…", lambda w: w.exports.ask("picture"),
           "File", "export", ("Ctrl+Shift+E",), "", "The wafer at this moment, as PNG or SVG",
           submenu="Export"),
    _export("movie", "Movie…", "", "The wafer while its chunks move, as GIF or MP4"),
    _export("report", "Report…", "", "All figures of the run on one page that needs no network"),
    _export("trace", "Trace for Perfetto…", "", "The step as a Chrome trace"),
    _export("dies", "Dies as CSV…", "", "One row a die: place, state, memory by kind at the peak"),
    _export("links", "Links as CSV…", "", "One row a directed link: its load over the step"),
    _export("operators", "Operators as CSV…", "", "One row an operator: degrees and times"),
    Action("file.export.table", "This table as CSV…", lambda w: w.exports.save_table(),
           "File", "export", (), "", "The table with the focus, as it is shown", submenu="Export"),
)  # fmt: skip

FILE = (
    Action("file.new", "New wafer…", lambda w: w.requests.ask_wafer(),
           "File", "open", ("Ctrl+N",), "new",
           "Lay out a wafer: size, figures, faults; the model stays"),
    Action("file.open", "Open…", lambda w: w.files.ask_open(),
           "File", "open", ("Ctrl+O",), "open", "Open a project"),
    Action("file.load_model", "Load a model…", lambda w: w.files.ask_model(),
           "File", "open", ("Ctrl+Shift+O",), "load",
           "Put a Hugging Face config.json or a JSON graph in the project"),
    Action("file.open_sweep", "Open sweep results…", lambda w: w.sweeping.ask_open(),
           "File", "open", (), "", "Explore the results of a sweep, or any CSV"),
    Action("file.save", "Save", lambda w: w.files.save(),
           "File", "save", ("Ctrl+S",), "save", "Save the project"),
    Action("file.save_as", "Save as…", lambda w: w.files.save_as(),
           "File", "save", ("Ctrl+Shift+S",), "", "Save the project under another name"),
    *EXPORTS,
    Action("file.quit", "Quit", lambda w: w.close(),
           "File", "quit", ("Ctrl+Q",), "", "Close the studio"),
)  # fmt: skip

EDIT = (
    Action("edit.undo", "Undo", lambda w: w.studio.document.undo(),
           "Edit", "history", ("Ctrl+Z",), "undo", "Take the last step back"),
    Action("edit.redo", "Redo", lambda w: w.studio.document.redo(),
           "Edit", "history", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", "Make the step again"),
    Action("edit.copy_command", "Copy as command", lambda w: w.exports.copy_command(),
           "Edit", "copy", ("Ctrl+Shift+C",), "copy",
           "The command line that repeats this run headless"),
    Action("edit.copy_region", "Copy faults of dies", lambda w: w.wafer_edits.copy(),
           "Edit", "copy", ("Ctrl+C",), "",
           "Copy faults and core yields of the selected dies and of the links among them"),
    Action("edit.paste_region", "Paste faults of dies", lambda w: w.wafer_edits.paste(),
           "Edit", "copy", ("Ctrl+V",), "",
           "Lay the copied faults and yields on the wafer, the corner on the selected die"),
    Action("edit.break", "Break selected", lambda w: w.wafer_edits.set_works(False),
           "Edit", "copy", ("Del",), "", "The selected dies or links are dead"),
    Action("edit.mend", "Mend selected", lambda w: w.wafer_edits.set_works(True),
           "Edit", "copy", ("Shift+Del",), "", "The selected dies or links work again"),
    Action("edit.copy_picture", "Copy as picture", lambda w: w.exports.copy_picture(),
           "Edit", "copy", ("Ctrl+Alt+C",), "",
           "The view with the focus, as it looks now; the wafer where none has it"),
    Action("edit.copy_table", "Copy as table", lambda w: w.exports.copy_table(),
           "Edit", "copy", ("Ctrl+Alt+T",), "",
           "The table with the focus, to be pasted in a spreadsheet"),
    Action("edit.clear_selection", "Select nothing", lambda w: w.studio.selection.clear(),
           "Edit", "copy", ("Ctrl+Shift+A",), "",
           "Let go of every selected die, link and operator"),
    Action("edit.machine", "Machine…", lambda w: w.requests.ask_machine(),
           "Edit", "machine", ("Ctrl+M",), "machine",
           "Presets, size, figures and random faults of the open machine"),
    Action("tool.select", "Select", lambda w: w.use_tool("select"),
           "Edit", "tools", ("V",), "select", "Click dies and links to select them", group="tool"),
    Action("tool.dead_die", "Dead die", lambda w: w.use_tool("dead_die"),
           "Edit", "tools", ("D",), "dead-die",
           "Click or drag over dies to break them; Alt mends", group="tool"),
    Action("tool.dead_link", "Dead link", lambda w: w.use_tool("dead_link"),
           "Edit", "tools", ("L",), "dead-link",
           "Click or drag over links to break them; Alt mends", group="tool"),
    Action("tool.core_yield", "Core yield", lambda w: w.use_tool("core_yield"),
           "Edit", "tools", ("Y",), "core-yield",
           "Click or drag over dies to lower their core yield; Alt restores it", group="tool"),
)  # fmt: skip

THEMES = (("system", "System theme"), ("light", "Light theme"), ("dark", "Dark theme"))
DOCKS = (
    ("left", "Model, strategy and runs", "Ctrl+1"),
    ("gauges", "Gauges", "Ctrl+2"),
    ("inspector", "Inspector", "Ctrl+3"),
    ("timeline", "Timeline", "Ctrl+4"),
    ("explain", "Explain the step", "Ctrl+E"),
    ("panels", "Panels of plugins", ""),
    ("history", "History", ""),
    ("log", "Log", ""),
)


TABS = ("Wafer", "Graph", "Compare", "Search")


def _tab(number: int, title: str) -> Action:
    return Action(f"view.tab.{title.lower()}", f"Show: {title}", lambda w: w.show_tab(title),
                  "View", "tabs", (f"Alt+{number}",), "",
                  f"Bring {title} to the front of the centre")  # fmt: skip


def _theme(name: str, title: str) -> Action:
    return Action(f"view.theme.{name}", title, lambda w: w.choose_theme(name),
                  "View", "theme", (), "theme" if name == "system" else "",
                  group="theme")  # fmt: skip


def _dock(name: str, title: str, keys: str) -> Action:
    return Action(f"view.dock.{name}", title, lambda w: w.docks.toggle(name),
                  "View", "docks", (keys,) if keys else (), "", f"Show or hide: {title}",
                  checkable=True)  # fmt: skip


VIEW = (
    *(_tab(number, title) for number, title in enumerate(TABS, 1)),
    *(_theme(*theme) for theme in THEMES),
    *(_dock(*dock) for dock in DOCKS),
    Action("view.zoom_in", "Zoom in", lambda w: w.zoom.closer(),
           "View", "zoom", ("Ctrl++", "Ctrl+="), "", "Draw the whole interface larger"),
    Action("view.zoom_out", "Zoom out", lambda w: w.zoom.further(),
           "View", "zoom", ("Ctrl+-",), "", "Draw the whole interface smaller"),
    Action("view.zoom_reset", "Zoom 100 %", lambda w: w.zoom.set(1.0),
           "View", "zoom", ("Ctrl+0",), "", "Draw the interface as it was designed"),
    Action("view.arrange", "Arrange docks", lambda w: w.docks.toggle_title_bars(),
           "View", "layout", (), "", "Show the docks' title bars, to drag them elsewhere",
           checkable=True),
    Action("view.reset", "Reset layout", lambda w: w.docks.reset(),
           "View", "layout", (), "reset", "Put every dock back in its place"),
    Action("view.fit", "Fit timeline", lambda w: w.timeline.fit(),
           "View", "layout", (), "fit", "Bring the whole step into view"),
    Action("view.fit_graph", "Fit graph", lambda w: w.graph.fit(),
           "View", "layout", (), "", "Bring the whole model graph into view"),
    Action("view.fit_wafer", "Fit wafer", lambda w: w.wafer.fit(),
           "View", "layout", (), "", "Bring the whole machine into view"),
    Action("view.reduced_motion", "Reduced motion", lambda w: w.toggle_reduced_motion(),
           "View", "layout", (), "", "Arrowheads and a stepping caption instead of moving chunks",
           checkable=True),
    Action("view.next_part", "Next part of the window", lambda w: go_to_part(w, 1),
           "View", "parts", ("F6",), "", "Messages, toolbar, docks, centre: one after the other"),
    Action("view.previous_part", "Previous part", lambda w: go_to_part(w, -1),
           "View", "parts", ("Shift+F6",), "", "The same the other way round"),
    Action("view.start", "Start panel", lambda w: w.help.show_start(),
           "View", "layout", (), "", "Show the first steps again"),
)  # fmt: skip

SPEEDS = (("round", "1"), ("layer", "2"), ("micro-batch", "3"), ("step", "4"))


def _speed(name: str, keys: str) -> Action:
    return Action(f"playback.speed.{name}", f"Speed: {name}",
                  lambda w: w.studio.playback.set_speed(name),
                  "Playback", "speed", (keys,), "", f"One {name} takes about eight seconds",
                  group="speed")  # fmt: skip


PLAYBACK = (
    Action("playback.toggle", "Play", lambda w: w.studio.playback.toggle(),
           "Playback", "play", ("Ctrl+Space", "K"), "play",
           "Play or pause; on the timeline Space does it too"),
    Action("playback.start", "To the start", lambda w: w.studio.playback.to_start(),
           "Playback", "move", ("Ctrl+Home",), "to-start", "Show the start of the step"),
    Action("playback.back", "Previous event", lambda w: w.studio.playback.step_back(),
           "Playback", "move", (",",), "step-back", "Pause and go back to the event before"),
    Action("playback.forward", "Next event", lambda w: w.studio.playback.step_forward(),
           "Playback", "move", (".",), "step-forward",
           "Pause and go on to the next round or operator"),
    Action("playback.end", "To the end", lambda w: w.studio.playback.to_end(),
           "Playback", "move", ("Ctrl+End",), "to-end", "Pause at the end of the step"),
    Action("playback.worst", "Worst contention", lambda w: w.requests.show_worst_contention(),
           "Playback", "move", ("X",), "worst",
           "Pause where transfers lose most time to one another; again for the next such place"),
    *(_speed(*speed) for speed in SPEEDS),
    Action("playback.range_begin", "Range begins here", lambda w: w.requests.begin_range(),
           "Playback", "range", ("[",), "",
           "Average the gauges from the time shown on; a drag over the lanes does it too"),
    Action("playback.range_end", "Range ends here", lambda w: w.requests.end_range(),
           "Playback", "range", ("]",), "", "Average the gauges up to the time shown"),
    Action("playback.range_zoom", "Zoom to range", lambda w: w.timeline.zoom_to_range(),
           "Playback", "range", (), "", "Let the range fill the timeline; there Z does it too"),
    Action("playback.range_clear", "Let go of the range",
           lambda w: w.studio.selection.select_range(None),
           "Playback", "range", (), "", "The gauges show the moment again; Escape does it too"),
)  # fmt: skip

RUN = (
    Action("run.run", "Run", lambda w: w.studio.run(),
           "Run", "run", ("Ctrl+R",), "run", "Search for the best plan with the chosen solver"),
    Action("run.cancel", "Cancel", lambda w: w.studio.cancel(),
           "Run", "run", ("Ctrl+.",), "cancel", "Stop what runs; the best plan so far stays"),
    Action("run.live", "Live re-plan", lambda w: w.studio.set_live(not w.studio.live),
           "Run", "live", (), "live",
           "After an edit, plan again by itself with the same degrees", checkable=True),
    Action("run.replan", "Plan again", lambda w: w.studio.replan(),
           "Run", "live", ("Ctrl+Shift+R",), "", "Plan with the same degrees; no search"),
    Action("run.keep", "Keep this run", lambda w: w.requests.keep_run(),
           "Run", "keep", ("Ctrl+K",), "keep", "Keep the run on screen in the project"),
)  # fmt: skip

KINDS = ("partitioner", "solver", "reader", "panel")


def _new(kind: str) -> Action:
    return Action(f"plugins.new.{kind}", f"New {kind}", lambda w: w.desk.new_plugin(kind),
                  "Plugins", "write", (), "",
                  f"Open a {kind} that works as it is; saving it reloads it",
                  submenu="New plugin")  # fmt: skip


PLUGINS = (
    Action("plugins.list", "Plugins…", lambda w: w.desk.show(),
           "Plugins", "list", ("Ctrl+Shift+X",), "",
           "What plugins there are, what they offer, and what went wrong with any"),
    Action("plugins.new", "New strategy", lambda w: w.desk.new_plugin("mapper"),
           "Plugins", "write", (), "new",
           "Open a mapper of thirty lines; saving it reloads it"),
    *map(_new, KINDS),
    Action("plugins.develop", "Develop a plugin…", lambda w: w.desk.ask_develop(),
           "Plugins", "write", (), "",
           "Run a plugin's file as it is in this session, and again whenever it is saved"),
    Action("plugins.folder", "Open the plugins folder", lambda w: w.desk.open_folder(),
           "Plugins", "write", (), "",
           "Where plugins that are files or folders are looked for"),
    Action("plugins.reload", "Reload plugins", lambda w: w.desk.reload(),
           "Plugins", "load", (), "",
           "Start the workers afresh: plugins were installed, changed or removed"),
    Action("plugins.safe_mode", "Safe mode",
           lambda w: w.desk.set_safe_mode(w.actions_["plugins.safe_mode"].isChecked()),
           "Plugins", "load", (), "", "No plugins but the built-ins, until switched off",
           checkable=True),
)  # fmt: skip

HELP = (
    Action("help.commands", "Command palette…", lambda w: w.help.show_palette(),
           "Help", "find", ("Ctrl+Shift+P",), "commands",
           "Find any command by a few of its letters"),
    Action("help.shortcuts", "Shortcuts", lambda w: w.help.show_shortcuts(),
           "Help", "find", ("?",), "", "All shortcuts on one sheet"),
    Action("help.tour", "Tour", lambda w: w.help.tour.start(),
           "Help", "find", (), "", "Five parts of the window, one after the other"),
    Action("help.explain", "Explain this", lambda w: w.help.explain_here(),
           "Help", "find", ("F1",), "help",
           "What the term under the pointer or in focus means"),
    Action("help.about", "About TempStudio", lambda w: w.help.show_about(),
           "Help", "about", (), "", "Version and source of the method"),
)  # fmt: skip

ACTIONS = (*FILE, *EDIT, *VIEW, *PLAYBACK, *RUN, *PLUGINS, *HELP)
