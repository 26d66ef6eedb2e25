//! Shards join to the very bytes of one run, and anything less is refused.

use std::path::{Path, PathBuf};

use crate::support::tollcast;

const SCENARIO: &str = "scenarios/starter.yaml";

fn part(folder: &Path, name: &str, arguments: &[&str]) -> PathBuf {
    let target = folder.join(name);
    let mut all = vec!["simulate", SCENARIO, "-q", "--out", target.to_str().unwrap()];
    if !arguments.contains(&"--trials") {
        all.extend(["--trials", "200"]);
    }
    all.extend(arguments);
    let output = tollcast(&all);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target
}

fn merge(parts: &[&Path], more: &[&str]) -> (Option<i32>, String, String) {
    let mut all = vec!["merge"];
    all.extend(parts.iter().map(|part| part.to_str().unwrap()));
    all.extend(more);
    let output = tollcast(&all);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn parts_join_to_the_very_bytes_of_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for estimator in ["fast", "exact", "exact-fma"] {
        let trials = if estimator == "fast" { "200" } else { "40" };
        let more = ["--estimator", estimator, "--trials", trials];
        let single = tollcast(
            &[
                &["simulate", SCENARIO, "-q", "--out", at(&format!("single-{estimator}")).to_str().unwrap()]
                    [..],
                &more,
            ]
            .concat(),
        );
        assert!(single.status.success(), "{}", String::from_utf8_lossy(&single.stderr));
        let run = |shard: &str, name: &str| {
            let target = at(name);
            let output = tollcast(
                &[
                    &["simulate", SCENARIO, "-q", "--shard", shard, "--out", target.to_str().unwrap()][..],
                    &more,
                ]
                .concat(),
            );
            assert!(
                output.status.success() && output.stdout.is_empty(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            target
        };
        let parts = [run("2/2", &format!("b-{estimator}")), run("1/2", &format!("a-{estimator}"))];
        let merged = at(&format!("merged-{estimator}"));
        let (code, stdout, _) = merge(&[&parts[0], &parts[1]], &["--out", merged.to_str().unwrap()]);
        assert_eq!(code, Some(0));
        assert_eq!(stdout.as_bytes(), single.stdout);
        for file in
            ["result.json", "months.csv", "report.html", "report.md", "manifest.json", "charts/overview.svg"]
        {
            let read = |folder: PathBuf| std::fs::read(folder.join(file)).ok();
            assert_eq!(read(at(&format!("single-{estimator}"))), read(merged.clone()), "{file}");
        }
    }
}

#[test]
fn a_part_that_is_there_already_is_not_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = part(folder.path(), "part", &["--shard", "1/3"]);
    let written = std::fs::metadata(&first).unwrap().modified().unwrap();
    part(folder.path(), "part", &["--shard", "1/3"]);
    assert_eq!(std::fs::metadata(&first).unwrap().modified().unwrap(), written);
    for other in [&["--shard", "2/3"][..], &["--shard", "1/3", "--seed", "9"]] {
        let mut all = vec!["simulate", SCENARIO, "--trials", "200", "-q", "--out", first.to_str().unwrap()];
        all.extend(other);
        let output = tollcast(&all);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("of another job or of other trials"));
    }
}

#[test]
fn what_does_not_fit_together_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let parts: Vec<PathBuf> =
        (1..=3).map(|i| part(folder.path(), &format!("p{i}"), &["--shard", &format!("{i}/3")])).collect();
    let seed = part(folder.path(), "seed", &["--shard", "2/3", "--seed", "77"]);
    let trials = part(folder.path(), "trials", &["--shard", "2/3", "--trials", "300"]);
    let [separate, fused] = ["exact", "exact-fma"].map(|estimator| {
        ["1/2", "2/2"].map(|shard| {
            let name = format!("{estimator}-{}", &shard[..1]);
            part(folder.path(), &name, &["--estimator", estimator, "--trials", "64", "--shard", shard])
        })
    });
    assert_eq!(merge(&[&fused[0], &fused[1]], &[]).0, Some(0));
    let (code, _, stderr) = merge(&[&separate[0], &fused[1]], &[]);
    assert!(code == Some(2) && stderr.contains("another estimator"), "{stderr}");
    let random = part(folder.path(), "random", &["--shard", "2/3", "--sampler", "random"]);
    let (cut, changed, none) =
        (folder.path().join("cut"), folder.path().join("changed"), folder.path().join("none"));
    let mut bytes = std::fs::read(&parts[1]).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() - 9]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&changed, &bytes).unwrap();
    std::fs::write(&none, "name: a scenario\n").unwrap();
    for (second, says) in [
        (&seed, "another seed"),
        (&trials, "another number of trials"),
        (&random, "another sampler"),
        (&cut, "cut short or changed"),
        (&changed, "cut short or changed"),
        (&none, "no part of a forecast"),
        (&parts[0], "holds trials that"),
        (&parts[2], "parts are missing: trials 64 to 127 of 200"),
    ] {
        let list: Vec<&Path> =
            if second == &parts[2] { vec![&parts[0], &parts[2]] } else { vec![&parts[0], second, &parts[2]] };
        let (code, stdout, stderr) = merge(&list, &[]);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{says}: {stderr}");
        assert!(stderr.contains(says), "{says}: {stderr}");
    }
    let (_, _, stderr) = merge(&[parts[0].as_path()], &[]);
    assert!(stderr.contains("run again --shard 2/3, --shard 3/3"), "{stderr}");
}

#[test]
fn shards_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("part");
    let out = out.to_str().unwrap();
    for (arguments, says) in [
        (&["--shard", "4/3", "--out", out][..], "expected I/N"),
        (&["--shard", "1/3"], "--shard without --out"),
        (&["--shard", "auto", "--out", out], "outside of an array job"),
        (&["--shard", "1/500", "--trials", "200", "--out", out], "500 parts of 7 batches"),
        (&["--shard", "1/2", "--out", out, "--precision", "1%"], "--precision beside --shard"),
        (&["--shard", "1/2", "--out", out, "--audit"], "--audit beside --shard"),
        (&["--precision", "0%"], "between 0.001% and 50%"),
        (&["--precision", "nonsense"], "between 0.001% and 50%"),
        (&["--audit", "--out", out], "--out beside --audit"),
        (&["--audit", "--trials", "100000"], "one by one"),
    ] {
        let mut all = vec!["simulate", SCENARIO, "-q"];
        all.extend(arguments);
        let output = tollcast(&all);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
        assert!(!Path::new(out).exists());
    }
}

#[test]
fn precision_runs_until_it_is_reached() {
    let run = |precision: &str| -> serde_json::Value {
        let output = tollcast(&[
            "simulate",
            "scenarios/benchmark-headline.yaml",
            "-q",
            "--trials",
            "128",
            "--precision",
            precision,
            "--format",
            "json",
        ]);
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let mut before = 0;
    for (text, wanted) in [("5%", 0.05), ("0.1%", 0.001)] {
        let result = run(text);
        for route in result["routes"].as_array().unwrap() {
            let spend = &route["total"]["spend_usd"];
            let relative = spend["standard_error"]["p90"].as_f64().unwrap() / spend["p90"].as_f64().unwrap();
            assert!(relative <= wanted, "{relative}");
        }
        let trials = result["manifest"]["trials"].as_u64().unwrap();
        assert!(trials >= before);
        before = trials;
    }
    assert!(before > 128, "a tenth of a percent takes more than 128 trials");
    // The command of the manifest gives the same result without the search.
    let searched = run("0.1%");
    let again = tollcast(&[
        "simulate",
        "scenarios/benchmark-headline.yaml",
        "-q",
        "--format",
        "json",
        "--trials",
        &before.to_string(),
    ]);
    let again: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(searched, again);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_says_how_far_it_came_and_leaves_nothing() {
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("report");
    let mut child = Command::new(env!("CARGO_BIN_EXE_tollcast"))
        .args([
            "simulate",
            "scenarios/coding-agent.yaml",
            "--trials",
            "100000",
            "-q",
            "--out",
            out.to_str().unwrap(),
        ])
        .current_dir(crate::support::project())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Long enough to be among the trials on any machine, of which it has minutes to do.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let code = child.wait().unwrap().code();
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("interrupted after") && said.contains("no report of them was written"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// The recipes beside the tests: what they leave is what one run leaves. Ray and Dask are tried where Python has
/// them.
#[cfg(unix)]
#[test]
fn recipes_give_the_report_of_one_run() {
    use std::process::Command;
    let folder = tempfile::tempdir().unwrap();
    // The recipes take trials from the scenario: a small one.
    let text = std::fs::read_to_string(crate::support::project().join(SCENARIO)).unwrap();
    assert_eq!(text.matches("trials: ").count(), 1);
    let trials = text.lines().find(|line| line.starts_with("trials: ")).unwrap();
    let scenario = folder.path().join("my.yaml");
    std::fs::write(&scenario, text.replace(trials, "trials: 160")).unwrap();
    let single = folder.path().join("single");
    assert!(
        tollcast(&["simulate", scenario.to_str().unwrap(), "-q", "--out", single.to_str().unwrap()])
            .status
            .success()
    );
    let result = |folder: &Path| std::fs::read_to_string(folder.join("result.json")).unwrap();
    let recipe = |name: &str| crate::support::project().join("tests/recipes").join(name);
    let command = |program: &str| {
        let mut command = Command::new(program);
        command.env("TOLLCAST", env!("CARGO_BIN_EXE_tollcast")).current_dir(folder.path());
        command
    };
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };

    run(command("bash").arg(recipe("xargs.sh")).args([scenario.to_str().unwrap(), "3", "by-xargs"]));
    assert_eq!(result(&folder.path().join("by-xargs")), result(&single));

    for task in ["1", "2"] {
        run(command("bash")
            .arg(recipe("slurm.sbatch"))
            .env("SCENARIO", &scenario)
            .env("PARTS", "slurm")
            .envs([
                ("SLURM_ARRAY_TASK_ID", task),
                ("SLURM_ARRAY_TASK_MIN", "1"),
                ("SLURM_ARRAY_TASK_COUNT", "2"),
            ]));
    }
    let slurm = |task: &str| folder.path().join(format!("slurm/{task}.tollcast"));
    let merged = folder.path().join("by-slurm");
    assert_eq!(merge(&[&slurm("1"), &slurm("2")], &["--out", merged.to_str().unwrap()]).0, Some(0));
    assert_eq!(result(&merged), result(&single));

    // The command of the Job, with this machine's places in it and four parts.
    let job = std::fs::read_to_string(recipe("kubernetes.yaml")).unwrap();
    let line = job.split("args: ['exec ").nth(1).unwrap().split("']").next().unwrap();
    let line = line
        .replace("tollcast simulate", &format!("{} simulate", env!("CARGO_BIN_EXE_tollcast")))
        .replace("/data/my.yaml", scenario.to_str().unwrap())
        .replace("/parts/", &format!("{}/", folder.path().display()))
        .replace("auto/16", "auto/4");
    let parts: Vec<PathBuf> = (0..4)
        .map(|index| {
            run(command("sh").args(["-c", &line]).env("JOB_COMPLETION_INDEX", index.to_string()));
            folder.path().join(format!("{index}.tollcast"))
        })
        .collect();
    let merged = folder.path().join("by-kubernetes");
    let parts: Vec<&Path> = parts.iter().map(PathBuf::as_path).collect();
    assert_eq!(merge(&parts, &["--out", merged.to_str().unwrap()]).0, Some(0));
    assert_eq!(result(&merged), result(&single));

    for (engine, module) in [("ray", "ray"), ("dask", "dask.distributed")] {
        let known = Command::new("python3").args(["-c", &format!("import {module}")]).output();
        if !known.is_ok_and(|output| output.status.success()) {
            eprintln!("SKIPPED: the recipe for {engine}, which this machine's python3 does not have");
            continue;
        }
        let out = format!("by-{engine}");
        run(command("python3").arg(recipe("shards.py")).args([
            engine,
            scenario.to_str().unwrap(),
            "2",
            &out,
        ]));
        assert_eq!(result(&folder.path().join(&out)), result(&single));
    }
}
