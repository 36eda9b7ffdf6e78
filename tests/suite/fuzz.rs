//! The fuzz targets without a fuzzer: every seed, every input that once broke something, and random
//! changes of them. `PROPTEST_CASES` sets how many.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use targets::TARGETS;

fn folder(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(of)
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder("seeds").join(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

#[test]
fn every_target_has_a_binary_and_seeds() {
    let manifest = std::fs::read_to_string(folder("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(folder("fuzz_targets").join(format!("{name}.rs")).exists(), "{name}");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        assert!(seeds(name).len() >= 2, "{name} has no seeds");
    }
    assert_eq!(std::fs::read_dir(folder("seeds")).unwrap().count(), TARGETS.len());
}

/// A seed with parts cut out, doubled, or overwritten.
fn changed(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..6));
    (prop::sample::select(seeds), prop::collection::vec(change, 0..6)).prop_map(|(mut bytes, changes)| {
        for (from, to, new) in changes {
            if bytes.is_empty() {
                return bytes;
            }
            let (a, b) = (from.index(bytes.len()), to.index(bytes.len()));
            bytes.splice(a.min(b)..a.max(b).min(a.min(b) + 8), new);
        }
        bytes
    })
}

#[test]
fn every_target_survives_its_seeds_and_changes_of_them() {
    for (name, run) in TARGETS {
        let seeds = seeds(name);
        for seed in &seeds {
            run(seed);
        }
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
        runner
            .run(&changed(seeds), |bytes| {
                run(&bytes);
                Ok(())
            })
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
