//! Bad input and bad circumstances: every mistake that we know of has a file in `tests/errors` and its
//! exact message in `tests/errors/expected`; what no repository should hold (huge files, broken bytes,
//! full disks) is made here.
//!
//! `TOLLCAST_BLESS=1 cargo test bad_input` rewrites the messages; read the difference before you commit.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A scenario that is right and small.
const SMALL: &str = "name: small\nstart: 2027-01\nmonths: 2\nworkloads:\n  chat: {volume: {requests_per_month: 1k}, prompt: 1000, output: 100}\nroutes: [openai/gpt-5.4]\n";

/// The binary, in the repository's root and without colours.
fn tollcast() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollcast"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").env_remove("CLICOLOR_FORCE");
    command
}

/// Exit code, standard output and standard error of a run with these arguments.
fn run<I: AsRef<std::ffi::OsStr>>(arguments: &[I]) -> (i32, String, String) {
    told(&tollcast().args(arguments).stdin(Stdio::null()).output().unwrap())
}

/// The same, with a text on standard input.
fn run_with_input(arguments: &[&str], input: &[u8]) -> (i32, String, String) {
    let mut child = tollcast()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    told(&child.wait_with_output().unwrap())
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    // A signal has no code: a crash shows as −1.
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// A new folder with `name` in it.
fn folder_with(name: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    (folder, path)
}

/// Every file below a folder, hidden ones too, with its content.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            let content = fs::read(&path).unwrap();
            found.push((path, content));
        }
    }
    found.sort();
    found
}

/// Whether a message names `file:line:column`.
fn names_place(message: &str, file: &str) -> bool {
    message.match_indices(&format!("{file}:")).any(|(at, mark)| {
        let mut numbers = message[at + mark.len()..].split(|c: char| c == ':' || c.is_whitespace());
        let number = |text: Option<&str>| text.is_some_and(|t| t.parse::<u32>().is_ok_and(|n| n > 0));
        number(numbers.next()) && number(numbers.next())
    })
}

fn reproducers() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "yaml")).collect();
    files.sort();
    files
}

#[test]
fn every_mistake_is_told_word_by_word_with_its_place() {
    let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors/expected");
    let bless = std::env::var_os("TOLLCAST_BLESS").is_some_and(|value| value == "1");
    let mut wrong = Vec::new();
    let files = reproducers();
    assert!(files.len() > 100, "only {} reproducers", files.len());
    for path in files {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let name = format!("tests/errors/{stem}.yaml");
        let (code, out, message) = run(&["check", &name]);
        if code != 2 || !out.is_empty() || !names_place(&message, &name) {
            wrong.push(format!("{name}: exit {code}, printed {out:?}, said\n{message}"));
        }
        let place = expected.join(format!("{stem}.txt"));
        if bless {
            fs::write(&place, &message).unwrap();
        }
        match fs::read_to_string(&place) {
            Ok(text) if text == message => {}
            Ok(text) => wrong.push(format!("{name}: expected\n{text}\nbut it said\n{message}")),
            Err(_) => wrong.push(format!("{name}: nothing is expected of it; it said\n{message}")),
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_expected_message_has_its_reproducer() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    for entry in fs::read_dir(folder.join("expected")).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(folder.join(format!("{stem}.yaml")).is_file(), "{} is left over", path.display());
    }
}

#[test]
fn every_reproducer_opens_with_what_is_wrong() {
    for path in reproducers() {
        assert!(fs::read_to_string(&path).unwrap().starts_with("# "), "{}", path.display());
    }
}

#[test]
fn one_run_shows_all_mistakes_of_a_file() {
    let (code, _, message) = run(&["check", "tests/errors/many-mistakes.yaml"]);
    assert_eq!(code, 2);
    // Line and column of every wrong value of the file.
    let places = [
        "4:9", "5:9", "8:34", "8:72", "8:88", "9:25", "10:13", "11:23", "12:18", "13:10", "13:26", "14:17",
        "16:45",
    ];
    let silent: Vec<&str> = places
        .into_iter()
        .filter(|place| !message.contains(&format!("many-mistakes.yaml:{place}\n")))
        .collect();
    assert!(silent.is_empty(), "nothing is said of {silent:?}:\n{message}");
}

#[test]
fn one_run_shows_the_mistakes_of_all_files() {
    let (code, _, message) =
        run(&["check", "tests/errors/p10-above-p90.yaml", "tests/errors/prices-bands-shrink.yaml"]);
    assert_eq!(code, 2);
    assert!(message.contains("p10-above-p90.yaml:6:34") && message.contains("bands-shrink.yaml:15:53"));
}

#[test]
fn a_file_of_a_hundred_megabytes_is_refused_unread() {
    let (_folder, path) = folder_with("big.yaml", b"");
    // Sparse: the file takes no room on most disks, and its size is all that matters here.
    OpenOptions::new().write(true).open(&path).unwrap().set_len(100 << 20).unwrap();
    let begin = Instant::now();
    let (code, _, message) = run(&[Path::new("check"), &path]);
    assert_eq!(code, 2, "{message}");
    assert!(message.contains("too large") && message.contains("8 MiB"), "{message}");
    assert!(names_place(&message, path.to_str().unwrap()), "{message}");
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_long_file_of_wrong_keys_is_refused_in_time() {
    let lines: String = (0..200_000).map(|n| format!("key{n}: {n}\n")).collect();
    let (_folder, path) = folder_with("long.yaml", lines.as_bytes());
    let mut child =
        tollcast().arg("check").arg(&path).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begin = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if begin.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("three megabytes of keys are not refused after 20 s");
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(code, Some(2));
}

#[test]
fn exploding_anchors_are_refused_with_their_place() {
    for (wide, levels) in [(10, 9), (100, 5), (2, 38)] {
        let mut text = format!("a0: &a0 [{}]\n", vec!["x"; wide].join(", "));
        for level in 1..levels {
            let below = vec![format!("*a{}", level - 1); wide].join(", ");
            text += &format!("a{level}: &a{level} [{below}]\n");
        }
        let (_folder, path) = folder_with("bomb.yaml", text.as_bytes());
        let (code, _, message) = run(&[Path::new("check"), &path]);
        assert_eq!(code, 2, "{message}");
        assert!(message.contains("E03") && message.contains("aliases"), "{message}");
        assert!(names_place(&message, path.to_str().unwrap()), "{message}");
    }
}

#[test]
fn exploding_merge_keys_are_refused() {
    let mut text = "m0: &m0 {x: 1, y: 2}\n".to_owned();
    for level in 1..30 {
        text += &format!("m{level}: &m{level} {{a: *m{0}, b: *m{0}}}\n", level - 1);
    }
    let (_folder, path) = folder_with("bomb.yaml", text.as_bytes());
    let (code, _, message) = run(&[Path::new("check"), &path]);
    assert!(code == 2 && message.contains("E03"), "{message}");
}

#[test]
fn deep_nesting_is_refused() {
    let texts = [
        format!("{}x{}\n", "[".repeat(200), "]".repeat(200)),
        "[".repeat(100_000),
        "{a: ".repeat(50_000),
        "- ".repeat(50_000),
        (0..300).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect(),
    ];
    for text in texts {
        let (_folder, path) = folder_with("deep.yaml", text.as_bytes());
        let (code, _, message) = run(&[Path::new("check"), &path]);
        assert_eq!(code, 2, "{message}");
        assert!(message.contains("E03") || message.contains("E01"), "{message}");
        assert!(names_place(&message, path.to_str().unwrap()), "{message}");
    }
}

#[test]
fn a_file_that_is_not_utf8_is_refused_at_the_wrong_byte() {
    let (_folder, path) = folder_with("latin1.yaml", b"name: ok\nquestion: caf\xe9\n");
    let (code, _, message) = run(&[Path::new("check"), &path]);
    assert_eq!(code, 2, "{message}");
    assert!(message.contains("not UTF-8"), "{message}");
    // `caf` ends in column 14 of line 2, so the wrong byte stands in column 15.
    assert!(message.contains("latin1.yaml:2:14") || message.contains("latin1.yaml:2:15"), "{message}");
    assert!(!message.contains("E03"), "E03 is about size, not about encoding:\n{message}");
}

#[test]
fn zero_bytes_are_refused() {
    let (_folder, path) = folder_with("zeros.yaml", &[0; 4096]);
    let (code, _, message) = run(&[Path::new("check"), &path]);
    assert_eq!(code, 2, "{message}");
    assert!(names_place(&message, path.to_str().unwrap()), "{message}");
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_no_mistake() {
    let text = format!("\u{feff}{}", SMALL.replace('\n', "\r\n"));
    let (code, out, message) = run_with_input(&["check", "-"], text.as_bytes());
    assert_eq!((code, message.as_str()), (0, ""), "{message}");
    assert!(out.starts_with("ok"), "{out}");
}

#[test]
fn empty_standard_input_is_refused() {
    for command in ["check", "simulate"] {
        let (code, out, message) = run_with_input(&[command, "-"], b"");
        assert_eq!((code, out.as_str()), (2, ""), "{message}");
        assert!(message.contains("E02") && names_place(&message, "standard input"), "{message}");
    }
}

#[test]
fn a_missing_file_is_named() {
    for command in ["check", "simulate"] {
        let (code, out, message) = run(&[command, "no-such-scenario.yaml"]);
        assert_eq!((code, out.as_str()), (1, ""), "{message}");
        assert!(message.contains("no-such-scenario.yaml"), "{message}");
    }
    let (code, _, message) = run(&["check", "src"]);
    assert!(code == 1 && message.contains("src"), "{message}");
}

#[test]
fn a_missing_or_empty_price_folder_is_named() {
    let (folder, path) = folder_with("small.yaml", SMALL.as_bytes());
    let nowhere = folder.path().join("nowhere");
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    for place in [nowhere, empty] {
        let (code, _, message) = run(&[Path::new("check"), &path, Path::new("--pricing"), &place]);
        assert!(code == 1 && message.contains(place.to_str().unwrap()), "{message}");
    }
}

/// `simulate` of the small scenario into `out`, with two trials.
fn report_into(out: &Path) -> (i32, String, String) {
    let (_folder, path) = folder_with("small.yaml", SMALL.as_bytes());
    let arguments = ["simulate", path.to_str().unwrap(), "--trials", "2", "--quiet", "--out"];
    run(&[&arguments[..], &[out.to_str().unwrap()]].concat())
}

#[test]
fn a_report_below_a_file_cannot_be_written() {
    let (folder, file) = folder_with("file", b"precious");
    for out in [file.join("report"), file.clone()] {
        let (code, printed, message) = report_into(&out);
        assert_eq!((code, printed.as_str()), (1, ""), "{message}");
        assert!(message.contains(file.to_str().unwrap()), "{message}");
        assert_eq!(contents(folder.path()), [(file.clone(), b"precious".to_vec())]);
    }
}

#[test]
fn a_folder_of_foreign_files_is_left_untouched() {
    let (folder, file) = folder_with("thesis.txt", b"precious");
    let (code, _, message) = report_into(folder.path());
    assert_eq!(code, 1, "{message}");
    assert!(message.contains(folder.path().to_str().unwrap()), "{message}");
    assert_eq!(contents(folder.path()), [(file, b"precious".to_vec())]);
}

/// Web applications and browser extensions have a `manifest.json` too.
#[test]
fn a_folder_with_a_foreign_manifest_is_left_untouched() {
    let (folder, _) = folder_with("manifest.json", b"{\"name\": \"a web app\", \"start_url\": \"/\"}");
    fs::write(folder.path().join("app.js"), b"precious").unwrap();
    let before = contents(folder.path());
    let (code, _, message) = report_into(folder.path());
    assert_eq!(contents(folder.path()), before, "files of others were replaced; it said: {message}");
    assert_eq!(code, 1, "{message}");
}

#[test]
fn files_that_others_put_into_a_report_are_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("report");
    assert_eq!(report_into(&out).0, 0);
    let notes = out.join("notes.md");
    fs::write(&notes, b"what the board said").unwrap();
    let _ = report_into(&out);
    assert_eq!(fs::read(&notes).unwrap(), b"what the board said");
}

#[test]
fn an_old_report_is_replaced_wholly() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("report");
    let (code, _, message) = report_into(&out);
    assert_eq!(code, 0, "{message}");
    let first = contents(&out);
    // A scenario with two routes leaves a chart that the next report must not keep.
    let two = SMALL.replace("[openai/gpt-5.4]", "[openai/gpt-5.4, openai/gpt-5.4-mini]");
    let (_other, path) = folder_with("two.yaml", two.as_bytes());
    let arguments = ["simulate", path.to_str().unwrap(), "--trials", "2", "--quiet", "--out"];
    assert_eq!(run(&[&arguments[..], &[out.to_str().unwrap()]].concat()).0, 0);
    assert!(contents(&out).len() > first.len());
    assert_eq!(report_into(&out).0, 0);
    let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&contents(&out)), names(&first));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was left beside the report");
}

/// A limit on the size of files stands for a disk that is full: the largest file of a report fails.
#[cfg(unix)]
#[test]
fn a_report_that_does_not_fit_leaves_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("report");
    assert_eq!(report_into(&out).0, 0);
    let before = contents(folder.path());
    let (_other, path) = folder_with("small.yaml", SMALL.as_bytes());
    let limited = "trap '' XFSZ; ulimit -f 8; exec \"$0\" simulate \"$1\" --trials 2 --quiet --out \"$2\"";
    let output = Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_tollcast")])
        .args([&path, &out])
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let (code, _, message) = told(&output);
    assert_eq!(code, 1, "{message}");
    assert!(message.contains("report") && message.contains("cannot write"), "{message}");
    assert_eq!(contents(folder.path()), before, "half a report, or none");
}

#[cfg(unix)]
#[test]
fn a_starter_that_does_not_fit_is_not_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("start.yaml");
    let limited = "trap '' XFSZ; ulimit -f 0; exec \"$0\" init \"$1\"";
    let output = Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_tollcast")])
        .arg(&path)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let (code, _, message) = told(&output);
    assert_eq!(code, 1, "{message}");
    assert!(message.contains("start.yaml"), "{message}");
    assert!(!path.exists(), "half a file is left");
}

#[test]
fn an_existing_file_is_not_overwritten_by_init() {
    let (_folder, path) = folder_with("mine.yaml", b"precious");
    let (code, _, message) = run(&[Path::new("init"), &path]);
    assert!(code == 2 && message.contains("mine.yaml exists"), "{message}");
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

#[test]
fn a_full_disk_behind_standard_output_is_told() {
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else {
        eprintln!("SKIPPED: no /dev/full on this machine, so a full disk was not tried");
        return;
    };
    let (_folder, path) = folder_with("small.yaml", SMALL.as_bytes());
    let small = path.to_str().unwrap();
    for arguments in [
        vec!["simulate", small, "--trials", "2"],
        vec!["simulate", small, "--trials", "2", "--format", "json"],
        vec!["compare", small, small, "--trials", "2"],
        vec!["check", small],
        vec!["init"],
        vec!["schema"],
        vec!["explain"],
    ] {
        let full: File = full.try_clone().unwrap();
        let (code, _, message) = told(&tollcast().args(&arguments).stdout(full).output().unwrap());
        assert_eq!(code, 1, "{arguments:?}: {message}");
        assert!(message.contains("standard output"), "{arguments:?}: {message}");
    }
}

/// A run whose reader has gone before the first byte is written: it waits for its input until then.
fn run_into_closed_pipe(arguments: &[&str], input: &str) -> (i32, String) {
    let mut child = tollcast()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let (code, _, message) = told(&child.wait_with_output().unwrap());
    (code, message)
}

#[test]
fn a_closed_pipe_is_no_error() {
    for arguments in [
        vec!["simulate", "-", "--trials", "2"],
        vec!["simulate", "-", "--trials", "2", "--format", "csv"],
        vec!["check", "-"],
    ] {
        assert_eq!(run_into_closed_pipe(&arguments, SMALL), (0, String::new()), "{arguments:?}");
    }
}

#[test]
fn a_closed_pipe_does_not_swallow_problems() {
    let (code, message) = run_into_closed_pipe(&["check", "-", "tests/errors/p10-above-p90.yaml"], SMALL);
    assert_eq!(code, 2, "{message}");
    assert!(message.contains("p10-above-p90.yaml:6:34"), "{message}");
}

#[test]
fn a_closed_pipe_does_not_open_the_budget_gate() {
    let over = format!("{SMALL}budget: {{total: 0.01, confidence: 90%}}\n");
    let arguments = ["simulate", "-", "--trials", "2", "--fail-on", "budget"];
    assert_eq!(run_with_input(&arguments, over.as_bytes()).0, 3);
    assert_eq!(run_into_closed_pipe(&arguments, &over).0, 3);
}

#[test]
fn usage_errors_exit_with_2() {
    let (_folder, path) = folder_with("small.yaml", SMALL.as_bytes());
    let small = path.to_str().unwrap();
    let usages: [&[&str]; 14] = [
        &[],
        &["forecast"],
        &["simulate"],
        &["simulate", small, "--trials", "1"],
        &["simulate", small, "--trials", "many"],
        &["simulate", small, "--trials", "99999999999"],
        &["simulate", small, "--seed", "-1"],
        &["simulate", small, "--format", "pdf"],
        &["simulate", small, "--fail-on", "budget"],
        &["simulate", small, "--fail-on", "expectations"],
        &["simulate", small, "--fail-on", "requirements"],
        &["simulate", "-", "-"],
        &["compare", small],
        &["explain", "E99"],
    ];
    for usage in usages {
        let (code, out, message) = run(usage);
        assert_eq!((code, out.as_str()), (2, ""), "{usage:?}: {message}");
        assert!(!message.is_empty(), "{usage:?}");
    }
}
