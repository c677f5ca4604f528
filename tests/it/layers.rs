//! The architecture, as a table that a test holds the sources to.
//!
//! A folder of `src/` is a layer. [`ARROWS`] says which other layers its code may name, [`OUTSIDE`]
//! which libraries stay out of which layers, [`BINDINGS`] and [`UNSAFE`] which files deal with the libraries
//! of GPUs and with unsafe code. Code under `#[cfg(test)]` is free.

use std::collections::BTreeSet;

use crate::sources::{self, Source, Token};

/// layer → the layers that it may name, beside itself. `telemetry` may be used by any.
///
/// ```text
/// main → app → http → dialects → session → media
///               └──→ actors → session, engine, pipelines → media
///        app, http → config                              telemetry ← any layer
/// ```
const ARROWS: &[(&str, &[&str])] = &[
    ("main", &["app"]),
    (
        "app",
        &[
            "config",
            "http",
            "gateway",
            "client",
            "dialects",
            "actors",
            "pipelines",
            "engine",
            "session",
            "media",
        ],
    ),
    (
        "http",
        &[
            "dialects",
            "actors",
            "pipelines",
            "session",
            "media",
            "config",
        ],
    ),
    ("gateway", &["dialects", "actors", "session", "media"]),
    ("client", &["dialects", "media"]),
    ("actors", &["pipelines", "engine", "session", "media"]),
    ("dialects", &["session", "media"]),
    ("pipelines", &["engine", "session", "media"]),
    ("engine", &["media"]),
    ("session", &["media"]),
    ("media", &[]),
    // Its sections are plain settings, which the edges read; it knows nobody.
    ("config", &[]),
    ("telemetry", &[]),
];

/// Where a library or a call may be named.
enum Where {
    Only(&'static [&'static str]),
    NotIn(&'static [&'static str]),
}
use Where::{NotIn, Only};

/// path (a trailing `*` stands for any ending) → where, and why.
const OUTSIDE: &[(&str, Where, &str)] = &[
    (
        "actix*",
        Only(&["actors", "http", "app", "main"]),
        "the pure layers run without actors",
    ),
    (
        "tokio",
        NotIn(&["session", "dialects", "pipelines", "engine"]),
        "pure layers do not wait",
    ),
    (
        "tokio",
        NotIn(&["media"]),
        "media waits for memory only: tokio::sync",
    ),
    (
        "serde_json",
        NotIn(&["session", "actors", "engine"]),
        "JSON is the dialects' and the edge's",
    ),
    (
        "Instant::now",
        NotIn(&["session", "dialects", "pipelines"]),
        "time is an argument",
    ),
    (
        "SystemTime::now",
        NotIn(&["session", "dialects", "pipelines"]),
        "time is an argument",
    ),
    (
        "env::var*",
        Only(&["app", "main"]),
        "the environment is read once and passed as a map",
    ),
    (
        "anyhow",
        Only(&["app", "main", "client"]),
        "layers have errors of their own",
    ),
];

/// Exceptions to [`OUTSIDE`]: (layer, path).
const ALLOWED: &[(&str, &str)] = &[("media", "tokio::sync")];

/// The library that one file alone may name, so that another transport changes one place.
const SOCKET_ACTORS: &str = "actix_web_actors";

/// library → the files and folders under `src/` that alone may name it: the bindings of libraries that are found at run time.
const BINDINGS: &[(&str, &[&str])] = &[
    ("cust", &["engine/cuda/"]),
    ("cuda_lazy", &["engine/cuda/"]),
    ("nvml_wrapper", &["engine/cuda/"]),
    (
        "tensorrt_rs",
        &["engine/cuda/tensorrt/", "engine/plans/", "app/"],
    ),
    ("ort", &["engine/ort/"]),
    ("onnxruntime_find", &["engine/ort/"]),
];

/// The only places under `src/` with unsafe code, and why there. Libraries of others are in `crates/`.
const UNSAFE: &[(&str, &str)] = &[
    ("engine/cuda/", "the driver's functions take addresses"),
    ("app/exit.rs", "ends the process without its destructors"),
    ("app/system.rs", "sets up the allocator"),
    ("media/convert/avx2.rs", "instructions for vectors"),
    ("media/convert/mod.rs", "calls them where they are there"),
    ("media/lens/avx2.rs", "instructions for vectors"),
    ("media/lens/remap.rs", "calls them where they are there"),
];

/// Something named in a file: a path from the crate's root, or an outside one.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    segments: Vec<String>,
    inside: bool,
    line: usize,
}

fn layer_of(source: &Source) -> String {
    match source.path.as_str() {
        "src/main.rs" => "main".to_owned(),
        _ => source
            .module()
            .first()
            .map_or_else(|| "lib".to_owned(), ToString::to_string),
    }
}

/// Every path that the file names, trees such as `crate::{a::b, c}` taken apart.
fn names(source: &Source) -> Vec<Named> {
    let tokens = source.tokens();
    let depth = source.module().len();
    let mut found = Vec::new();
    let starts = |at: usize| tokens[at].is_word() && (at == 0 || tokens[at - 1].text != "::");
    let mut at = 0;
    while at < tokens.len() {
        if !starts(at) {
            at += 1;
            continue;
        }
        // What is in a tree has been taken with what is before it.
        let (taken, end) = paths(&tokens, at);
        for path in taken {
            let (inside, skip) = root(&path, depth);
            let segments = path[skip..].to_vec();
            found.push(Named {
                segments,
                inside,
                line: tokens[at].line,
            });
        }
        at = end;
    }
    found
}

/// Whether a path begins at the crate's root, and how many segments say so. `super` counts as far as
/// it leads to the root; modules inside a file are not looked at.
fn root(path: &[String], depth: usize) -> (bool, usize) {
    let supers = path
        .iter()
        .take_while(|segment| *segment == "super")
        .count();
    match path[0].as_str() {
        "crate" | "frameloom" => (true, 1),
        _ if supers > 0 && supers == depth => (true, supers),
        _ => (false, 0),
    }
}

/// The paths that begin at token `at`, and the token after them.
fn paths(tokens: &[Token], at: usize) -> (Vec<Vec<String>>, usize) {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    if text(at) == "{" {
        return tree(tokens, at + 1);
    }
    let head = text(at).to_owned();
    if text(at + 1) != "::" || text(at + 2) == "<" {
        return (vec![vec![head]], at + 1);
    }
    let (tails, end) = paths(tokens, at + 2);
    let join = |mut tail: Vec<String>| {
        tail.insert(0, head.clone());
        tail
    };
    (tails.into_iter().map(join).collect(), end)
}

/// The paths of a tree whose `{` is just before `at`.
fn tree(tokens: &[Token], mut at: usize) -> (Vec<Vec<String>>, usize) {
    let mut all = Vec::new();
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "}" => return (all, at + 1),
            "," => at += 1,
            "as" => at += 2,
            _ => {
                let (found, end) = paths(tokens, at);
                all.extend(found);
                at = end;
            }
        }
    }
    (all, at)
}

/// What the file does that the tables do not allow.
fn faults(source: &Source) -> Vec<String> {
    let layer = layer_of(source);
    if layer == "lib" {
        return Vec::new();
    }
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == layer) else {
        return vec![format!(
            "{}: the layer `{layer}` is not in the table",
            source.path
        )];
    };
    let judge = |named: &Named| match named.inside {
        true => wrong_arrow(&layer, allowed, named),
        false => wrong_library(&layer, named),
    };
    let told = |named: &Named| Some(format!("{}:{}: {}", source.path, named.line, judge(named)?));
    names(source).iter().filter_map(told).collect()
}

fn wrong_arrow(layer: &str, allowed: &[&str], named: &Named) -> Option<String> {
    let to = named.segments.first()?.as_str();
    let is_layer = ARROWS.iter().any(|(name, _)| *name == to);
    let fine = to == layer || to == "telemetry" || allowed.contains(&to);
    (is_layer && !fine).then(|| format!("{layer} → {to} is not an arrow"))
}

fn wrong_library(layer: &str, named: &Named) -> Option<String> {
    let path = named.segments.join("::");
    let excused = |(of, prefix): &(&str, &str)| *of == layer && path.starts_with(prefix);
    if ALLOWED.iter().any(excused) {
        return None;
    }
    let forbidden = |place: &Where| match place {
        Only(layers) => !layers.contains(&layer),
        NotIn(layers) => layers.contains(&layer),
    };
    let broken = OUTSIDE
        .iter()
        .find(|(what, place, _)| forbidden(place) && matches(what, named));
    broken.map(|(what, _, why)| format!("{layer} must not name `{what}` ({path}): {why}"))
}

/// Whether the path names `what`: a library by its first segment, a call anywhere.
fn matches(what: &str, named: &Named) -> bool {
    let wanted: Vec<&str> = what.split("::").collect();
    let alike = |wanted: &str, segment: &String| match wanted.strip_suffix('*') {
        Some(start) => segment.starts_with(start),
        None => segment == wanted,
    };
    let at = |window: &[String]| {
        wanted
            .iter()
            .zip(window)
            .all(|(want, have)| alike(want, have))
    };
    match wanted.len() {
        1 => named.segments.len() > 1 && at(&named.segments[..1]),
        length => named.segments.windows(length).any(at),
    }
}

#[test]
fn no_file_names_what_its_layer_must_not_know() {
    let faults: Vec<String> = sources::all().iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn one_file_alone_knows_the_socket_actors() {
    let all = sources::all();
    let knows = |source: &&Source| {
        source
            .tokens()
            .iter()
            .any(|token| token.text == SOCKET_ACTORS)
    };
    let files: BTreeSet<_> = all
        .iter()
        .filter(knows)
        .map(|source| &source.path)
        .collect();
    assert!(files.len() <= 1, "{files:?}");
}

/// Whether a source is that file, or is in that folder.
fn is_at(source: &Source, place: &str) -> bool {
    let path = source.path.trim_start_matches("src/");
    path == place || (place.ends_with('/') && path.starts_with(place))
}

/// The bindings that the file names and must not.
fn misplaced_bindings(source: &Source) -> Vec<String> {
    let named = names(source);
    let outside = named.iter().filter(|named| !named.inside);
    let judge = |named: &Named| {
        let is_it = |(library, _): &&(&str, &[&str])| matches(library, named);
        let (library, places) = BINDINGS.iter().find(is_it)?;
        let is_allowed = places.iter().any(|place| is_at(source, place));
        let line = format!("{}:{}: names `{library}`", source.path, named.line);
        (!is_allowed).then_some(line)
    };
    outside.filter_map(judge).collect()
}

/// Where the file has unsafe code, if it may have none.
fn unsafe_code(source: &Source) -> Vec<String> {
    if UNSAFE.iter().any(|(place, _)| is_at(source, place)) {
        return Vec::new();
    }
    let tokens = source.tokens();
    let found = tokens.iter().filter(|token| token.text == "unsafe");
    found
        .map(|token| format!("{}:{}: `unsafe`", source.path, token.line))
        .collect()
}

#[test]
fn bindings_of_libraries_are_named_only_where_they_belong() {
    let all = sources::all();
    let faults: Vec<String> = all.iter().flat_map(misplaced_bindings).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn unsafe_code_is_only_where_the_table_says_and_no_row_is_left_over() {
    let all = sources::all();
    let faults: Vec<String> = all.iter().flat_map(unsafe_code).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let has = |source: &Source| source.tokens().iter().any(|token| token.text == "unsafe");
    for (place, why) in UNSAFE {
        let is_used = all.iter().any(|source| is_at(source, place) && has(source));
        assert!(is_used, "nothing unsafe in {place}: {why}");
    }
}

#[test]
fn a_binding_in_the_wrong_place_is_caught() {
    for (path, code) in [
        ("actors/device.rs", "use cust::stream::Stream;"),
        ("engine/rten.rs", "fn f() { ort::init(); }"),
        ("app/serve.rs", "use nvml_wrapper::{Nvml, Device};"),
        ("engine/cudaless.rs", "use cuda_lazy::Present;"),
    ] {
        let source = Source::parse(&format!("src/{path}"), code);
        assert!(!misplaced_bindings(&source).is_empty(), "{code}");
    }
    let own = "use crate::engine::{rten::Rten, ort::{Missing, Ort}}; use super::ort::Ort;";
    let source = Source::parse("src/app/backends.rs", own);
    assert_eq!(misplaced_bindings(&source), Vec::<String>::new());
}

#[test]
fn unsafe_code_in_the_wrong_place_is_caught_and_words_about_it_are_not() {
    for code in [
        "fn f() { unsafe { g() } }",
        "unsafe fn f() {}",
        "unsafe impl Send for X {}",
    ] {
        let source = Source::parse("src/engine/ort/library.rs", code);
        assert_eq!(unsafe_code(&source).len(), 1, "{code}");
    }
    let words = "// unsafe\n#[allow(unsafe_code)] fn f() -> &str { \"unsafe\" }";
    let source = Source::parse("src/engine/ort/library.rs", words);
    assert_eq!(unsafe_code(&source), Vec::<String>::new());
}

#[test]
fn the_table_has_no_cycle() {
    let mut left: Vec<_> = ARROWS.to_vec();
    let ready = |left: &[(&str, &[&str])], to: &[&str]| {
        to.iter().all(|to| left.iter().all(|(from, _)| from != to))
    };
    while let Some(at) = (0..left.len()).find(|at| ready(&left, left[*at].1)) {
        left.remove(at);
    }
    let rest: Vec<&str> = left.iter().map(|(layer, _)| *layer).collect();
    assert!(rest.is_empty(), "a cycle among {rest:?}");
}

/// The faults of `code` as if it stood in `src/{path}`.
fn faults_of(path: &str, code: &str) -> Vec<String> {
    faults(&Source::parse(&format!("src/{path}"), code))
}

#[test]
fn a_forbidden_arrow_is_caught_however_it_is_written() {
    for code in [
        "use crate::actors::Post;",
        "use crate::{media::Rgb8, actors::{Post, Bounded}};",
        "fn f() { crate::actors::post() }",
        "use super::super::actors::Post;",
        "use super::super::{media, actors};",
    ] {
        let faults = faults_of("session/machine.rs", code);
        let expected = "src/session/machine.rs:1: session → actors is not an arrow";
        assert!(
            !faults.is_empty() && faults.iter().all(|fault| fault == expected),
            "{code}: {faults:?}"
        );
    }
}

#[test]
fn an_allowed_arrow_is_not_caught() {
    let code = "use crate::media::Rgb8; use super::spec::Spec; use crate::session::x; use crate::telemetry;";
    assert_eq!(faults_of("session/machine.rs", code), Vec::<String>::new());
}

#[test]
fn comments_strings_and_tests_name_what_they_like() {
    let code = "//! [`crate::http`]\nconst X: &str = \"crate::http\";\n#[cfg(test)]\nmod tests { use crate::http::x; }";
    assert_eq!(faults_of("session/machine.rs", code), Vec::<String>::new());
}

#[test]
fn a_library_in_the_wrong_layer_is_caught() {
    for (path, code) in [
        ("session/a.rs", "use tokio::sync::mpsc;"),
        ("media/a.rs", "use tokio::{sync::Notify, time::sleep};"),
        ("engine/a.rs", "fn f() { serde_json::to_string(&1); }"),
        ("pipelines/a.rs", "fn f() { std::time::Instant::now(); }"),
        ("dialects/a.rs", "use actix_web::HttpRequest;"),
        ("dialects/a.rs", "#[actix::main] fn f() {}"),
        ("config/a.rs", "fn f() { std::env::var_os(NAME); }"),
    ] {
        assert_eq!(
            faults_of(path, code).len(),
            1,
            "{code}: {:?}",
            faults_of(path, code)
        );
    }
}

#[test]
fn media_may_wait_for_memory() {
    assert_eq!(
        faults_of("media/budget.rs", "use tokio::sync::Notify;"),
        Vec::<String>::new()
    );
}

#[test]
fn a_folder_that_is_no_layer_is_caught() {
    assert_eq!(faults_of("utils/strings.rs", "").len(), 1);
}
