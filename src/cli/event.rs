//! `andon event`: tell the board what happened, as the last step of any pipeline.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::arguments::{BoardFlags, EventFlags};
use super::file::is_stdout;
use super::load::request;
use super::out::{Done, Failure, complain, complain_about, print};
use crate::config;
use crate::model::text::SafeText;
use crate::model::time::now;
use crate::source::auth::Secret;
use crate::source::events::line::{Line, Time};
use crate::source::events::{Config, Receipt, Token, append, post, real_path};
use crate::source::http::parse_url;

/// How long a disk is waited for: a pipeline has better things to do.
const LONGEST: Duration = Duration::from_secs(5);

/// Where an event goes.
#[derive(Debug)]
struct Way {
    /// Who is told first: an address, and the token to prove, or why there is none.
    endpoint: Option<(String, Result<Token, String>)>,
    /// What it is written to, when the board does not take it.
    file: Option<PathBuf>,
    /// Whether the file may hold names of people: the board keeps none unless it says `people = true`.
    people: bool,
}

pub(super) fn run(flags: &EventFlags) -> Done {
    let mut line = line(flags)?;
    let Way { endpoint, file, people } = way(flags)?;
    let why = match &endpoint {
        None => None,
        Some((_, Err(no_token))) => Some(no_token.clone()),
        Some((address, Ok(token))) => match post_to_board(address, token, &line, file.clone())? {
            Receipt::Taken => return print("taken by the board\n"),
            Receipt::Refused(why) => return Err(Failure::Message(format!("the board does not take it: {why}"))),
            Receipt::Nobody if file.is_some() => None,
            Receipt::Nobody => Some(format!("nobody listens at {address}; is the board running?")),
            Receipt::NotTaken(why) if file.is_some() => Some(why),
            // It may have been taken all the same.
            Receipt::NotTaken(why) => Some(format!("{why}; to try again, add --delivery {}", line.delivery)),
        },
    };
    let Some(file) = file else {
        return Err(Failure::Message(why.unwrap_or_else(|| "there is nowhere to write it to".to_owned())));
    };
    if let Some(why) = why {
        complain(&format!(
            "andon: the board did not take the event, so andon writes it to the board's events file: {why}"
        ));
    }
    if !people && !line.who.is_empty() {
        complain("andon: --who is left out: the board does not say people = true");
        line.who.clear();
    }
    written(file, line)
}

fn written(file: PathBuf, line: Line) -> Done {
    if is_stdout(&file) {
        let text = serde_json::to_string(&line).map_err(|error| Failure::Message(error.to_string()))?;
        return print(&format!("{text}\n"));
    }
    let said = format!("written to {}\n", SafeText::new(&file.display().to_string()));
    let path = file.display().to_string();
    within(LONGEST, move || append(&file, &line))
        .unwrap_or_else(|| Err(format!("{path} takes longer than {} s to write", LONGEST.as_secs())))?;
    print(&said)
}

/// What a thread of its own answers in time: a disk may never answer.
fn within<T: Send + 'static>(longest: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    // Who waited may have gone.
    std::thread::spawn(move || sender.send(work()).ok());
    receiver.recv_timeout(longest).ok()
}

/// The event, checked as the board will check it.
fn line(flags: &EventFlags) -> Result<Line, Failure> {
    let time = |text: &String| Time::Text(text.clone());
    let line = Line {
        title: flags.title.clone(),
        at: Some(flags.at.as_ref().map_or_else(|| Time::from(now()), time)),
        until: flags.until.as_ref().map(time),
        kind: flags.kind,
        state: flags.state,
        reason: flags.reason,
        service: flags.service.clone(),
        environment: flags.environment.clone(),
        version: flags.version.clone(),
        who: flags.who.clone(),
        url: flags.url.clone(),
        commits: flags.commits.iter().map(time).collect(),
        id: flags.id.clone(),
        delivery: flags.delivery.clone().unwrap_or_else(|| format!("{:016x}", fastrand::u64(..))),
    };
    if !line.url.is_empty() {
        parse_url(&line.url).map_err(|error| Failure::Message(format!("--url: {}", error.detail)))?;
    }
    let text = serde_json::to_string(&line).map_err(|error| Failure::Message(error.to_string()))?;
    Line::parse(&text).map_err(Failure::Message)
}

/// From the flags, else from the board's events source.
fn way(flags: &EventFlags) -> Result<Way, Failure> {
    if let Some(file) = &flags.file {
        return Ok(Way { endpoint: None, file: Some(file.clone()), people: true });
    }
    if let Some(to) = &flags.to {
        let variable = serde_json::json!({ "env": "ANDON_EVENT_TOKEN" });
        let secret = serde_json::from_value(variable).map_err(|error| Failure::Message(error.to_string()))?;
        return Ok(Way { endpoint: Some((address(to)?, Ok(token(secret)?))), file: None, people: false });
    }
    of_the_board(flags)
}

/// Host and port of `--to`. What it says of it never repeats a password.
fn address(to: &str) -> Result<String, Failure> {
    let wrong = |why: &str| Failure::Message(format!("--to: {why}; write it like 127.0.0.1:7667"));
    let url = if to.contains("://") { parse_url(to) } else { parse_url(&format!("http://{to}")) };
    let url = url.map_err(|error| wrong(error.detail.as_str()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it has no user and no password: the token comes from ANDON_EVENT_TOKEN"));
    }
    if url.scheme() != "http" {
        return Err(wrong("the board does not use TLS there: from another machine, use an ssh tunnel"));
    }
    match (url.host_str(), url.port_or_known_default()) {
        (Some(host), Some(port)) if url.path() == "/" && url.query().is_none() => Ok(format!("{host}:{port}")),
        _ => Err(wrong("it is a host and a port, and nothing more")),
    }
}

fn token(secret: Secret) -> Result<Token, String> {
    let read = within(LONGEST, move || secret.read().map_err(|missing| missing.detail.to_string()));
    let secret = read.unwrap_or_else(|| Err("the token takes too long to read".to_owned()))?;
    Token::new(&secret).ok_or_else(|| "the token is empty".to_owned())
}

fn of_the_board(flags: &EventFlags) -> Result<Way, Failure> {
    let request = request(&BoardFlags { config: flags.config.clone(), ..BoardFlags::default() });
    let loaded = config::load(&request).map_err(|problems| {
        complain_about(&problems);
        Failure::Quiet(ExitCode::from(2))
    })?;
    let all: Vec<_> = loaded.board.sources.iter().filter(|source| source.kind.word == "events").collect();
    let named = |name: &String| all.iter().find(|source| source.name.as_str() == name).copied();
    let names = all.iter().map(|source| source.name.as_str()).collect::<Vec<_>>().join(", ");
    let source = match (&flags.source, all.as_slice()) {
        (Some(name), _) => {
            named(name).ok_or_else(|| format!("there is no events source '{name}'; there are: {names}"))?
        }
        (None, [one]) => one,
        (None, []) => {
            return Err(Failure::Message(
                "this board has no source of type events; add one, or use --to or --file".to_owned(),
            ));
        }
        (None, _) => return Err(Failure::Message(format!("pick one with --source: {names}"))),
    };
    let config: Config = serde_json::from_value(source.keys.clone())
        .map_err(|_| Failure::Message(format!("the source '{}' cannot be read", source.name)))?;
    let endpoint = config.listen.zip(config.token).map(|(listen, secret)| (listen, token(secret)));
    Ok(Way { endpoint, file: Some(config.file), people: source.answer_filter.people })
}

fn post_to_board(address: &str, token: &Token, line: &Line, file: Option<PathBuf>) -> Result<Receipt, Failure> {
    let real = |file: PathBuf| {
        let path = file.clone();
        within(LONGEST, move || real_path(&path)).unwrap_or(file)
    };
    let file = file.map(real);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Message(format!("no runtime: {error}")))?;
    let told = runtime.block_on(post(address, token, line, file.as_deref()));
    // The look-up of a name may hang.
    runtime.shutdown_background();
    Ok(told)
}
