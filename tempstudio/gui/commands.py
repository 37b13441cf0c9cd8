"""The studio's actions, one list a menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tempstudio.gui.actions import Action

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow


def file_actions(window: MainWindow) -> tuple[Action, ...]:
    """File."""
    files = window.files
    return (
        Action("file.new", "New project", files.new, "File", "open", ("Ctrl+N",), "new",
               "A fresh 6 × 8 wafer with the present model"),
        Action("file.open", "Open…", files.ask_open, "File", "open", ("Ctrl+O",), "open",
               "Open a project"),
        Action("file.load_model", "Load a model…", files.ask_model, "File", "open",
               ("Ctrl+Shift+O",), "load",
               "Put a Hugging Face config.json or a JSON graph in the project"),
        Action("file.save", "Save", files.save, "File", "save", ("Ctrl+S",), "save",
               "Save the project"),
        Action("file.save_as", "Save as…", files.save_as, "File", "save", ("Ctrl+Shift+S",), "",
               "Save the project under another name"),
        Action("file.quit", "Quit", window.close, "File", "quit", ("Ctrl+Q",), "",
               "Close the studio"),
    )  # fmt: skip


def edit_actions(window: MainWindow) -> tuple[Action, ...]:
    """Edit, with the tools."""
    document, selection = window.studio.document, window.studio.selection
    return (
        Action("edit.undo", "Undo", document.undo, "Edit", "history", ("Ctrl+Z",), "undo",
               "Take the last step back"),
        Action("edit.redo", "Redo", document.redo, "Edit", "history",
               ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", "Make the step again"),
        Action("edit.copy_command", "Copy as command", window.copy_command, "Edit", "copy",
               ("Ctrl+Shift+C",), "copy", "The command line that repeats this run headless"),
        Action("edit.clear_selection", "Select nothing", selection.clear, "Edit", "copy",
               ("Ctrl+Shift+A",), "", "Let go of every selected die, link and operator"),
        Action("tool.select", "Select", lambda: window.use_tool("select"), "Edit", "tools",
               ("V",), "select", "Click dies and links to select them", group="tool"),
        Action("tool.dead_die", "Dead die", lambda: window.use_tool("dead_die"), "Edit", "tools",
               ("D",), "dead-die", "Click or drag over dies to break them; Alt mends",
               group="tool"),
        Action("tool.dead_link", "Dead link", lambda: window.use_tool("dead_link"), "Edit",
               "tools", ("L",), "dead-link", "Click or drag over links to break them; Alt mends",
               group="tool"),
        Action("tool.core_yield", "Core yield", lambda: window.use_tool("core_yield"), "Edit",
               "tools", ("Y",), "core-yield",
               "Click or drag over dies to lower their core yield; Alt restores it",
               group="tool"),
    )  # fmt: skip


def view_actions(window: MainWindow) -> tuple[Action, ...]:
    """View: theme, docks, timeline."""
    themes = (("system", "System theme"), ("light", "Light theme"), ("dark", "Dark theme"))
    docks = (("left", "Model, strategy and runs", "Ctrl+1"), ("gauges", "Gauges", "Ctrl+2"),
             ("inspector", "Inspector", "Ctrl+3"), ("timeline", "Timeline", "Ctrl+4"),
             ("history", "History", ""), ("plugins", "Plugins", ""), ("log", "Log", ""))
    return (
        *(
            Action(f"view.theme.{name}", title, lambda name=name: window.choose_theme(name),
                   "View", "theme", (), "theme" if name == "system" else "", "", group="theme")
            for name, title in themes
        ),
        *(
            Action(f"view.dock.{name}", title, lambda name=name: window.docks.toggle(name),
                   "View", "docks", (keys,) if keys else (), "", f"Show or hide: {title}",
                   checkable=True)
            for name, title, keys in docks
        ),
        Action("view.arrange", "Arrange docks", window.docks.toggle_title_bars, "View", "layout",
               (), "", "Show the docks' title bars, to drag them elsewhere", checkable=True),
        Action("view.reset", "Reset layout", window.docks.reset, "View", "layout", (), "reset",
               "Put every dock back in its place"),
        Action("view.fit", "Fit timeline", window.timeline.fit, "View", "layout", (), "fit",
               "Bring the whole step into view"),
        Action("view.start", "Start panel", window.show_start, "View", "layout", (), "",
               "Show the first steps again"),
    )  # fmt: skip


def playback_actions(window: MainWindow) -> tuple[Action, ...]:
    """Playback."""
    playback = window.studio.playback
    speeds = (("round", "1"), ("layer", "2"), ("micro-batch", "3"), ("step", "4"))
    return (
        Action("playback.toggle", "Play", playback.toggle, "Playback", "play",
               ("Ctrl+Space", "K"), "play", "Play or pause; on the timeline Space does it too"),
        Action("playback.start", "To the start", playback.to_start, "Playback", "move",
               ("Ctrl+Home",), "to-start", "Show the start of the step"),
        Action("playback.back", "Previous event", playback.step_back, "Playback", "move",
               (",",), "step-back", "Pause and go back to the event before"),
        Action("playback.forward", "Next event", playback.step_forward, "Playback", "move",
               (".",), "step-forward", "Pause and go on to the next round or operator"),
        Action("playback.end", "To the end", playback.to_end, "Playback", "move", ("Ctrl+End",),
               "to-end", "Pause at the end of the step"),
        *(
            Action(f"playback.speed.{name}", f"Speed: {name}",
                   lambda name=name: playback.set_speed(name), "Playback", "speed", (keys,), "",
                   f"One {name} takes about eight seconds", group="speed")
            for name, keys in speeds
        ),
    )  # fmt: skip


def run_actions(window: MainWindow) -> tuple[Action, ...]:
    """Run."""
    studio = window.studio
    return (
        Action("run.run", "Run", window.run, "Run", "run", ("Ctrl+R",), "run",
               "Search for the best plan with the chosen solver"),
        Action("run.cancel", "Cancel", studio.cancel, "Run", "run", ("Ctrl+.",), "cancel",
               "Stop what runs; the best plan so far stays"),
        Action("run.live", "Live re-plan", lambda: studio.set_live(not studio.live), "Run", "live",
               (), "live", "After an edit, plan again by itself with the same degrees",
               checkable=True),
        Action("run.replan", "Plan again", studio.replan, "Run", "live", ("Ctrl+Shift+R",), "",
               "Plan with the same degrees; no search"),
        Action("run.keep", "Keep this run", window.keep_run, "Run", "keep", ("Ctrl+K",), "keep",
               "Keep the run on screen in the project"),
    )  # fmt: skip


def help_actions(window: MainWindow) -> tuple[Action, ...]:
    """Help."""
    return (
        Action("help.commands", "Command palette…", window.show_palette, "Help", "find",
               ("Ctrl+Shift+P",), "commands", "Find any command by a few of its letters"),
        Action("help.shortcuts", "Shortcuts", window.show_shortcuts, "Help", "find", ("?",), "",
               "All shortcuts on one sheet"),
        Action("help.explain", "Explain this", window.explain_focus, "Help", "find", ("F1",),
               "help", "What the term under the pointer or in focus means"),
        Action("help.about", "About TempStudio", window.show_about, "Help", "about", (), "",
               "Version and licence"),
    )  # fmt: skip
