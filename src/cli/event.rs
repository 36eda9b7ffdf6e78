//! `andon event`: tell the board what happened, as the last step of any pipeline.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::arguments::{BoardFlags, EventFlags};
use super::{Done, Failure, request, say};
use crate::config;
use crate::model::text::SafeText;
use crate::model::time::now;
use crate::source::events::line::{Line, Time};
use crate::source::events::{Config, append};
use crate::source::http::parse_url;

/// How long the board is waited for: a pipeline has better things to do.
const LONGEST: Duration = Duration::from_secs(5);

/// Where an event goes.
#[derive(Debug)]
struct Way {
    /// Who is told first.
    endpoint: Option<(String, SecretString)>,
    /// What it is written to, when nobody listens.
    file: Option<PathBuf>,
}

pub(super) fn run(flags: &EventFlags) -> Done {
    let line = line(flags)?;
    let way = way(flags)?;
    match &way.endpoint {
        Some((url, token)) => match post(url, token, &line)? {
            Posted::Taken => say("taken by the board\n"),
            Posted::NobodyListens => match &way.file {
                Some(file) => written(file, &line),
                None => Err(Failure::Message(format!("nobody listens at {url}; is the board running?"))),
            },
        },
        None => match &way.file {
            Some(file) => written(file, &line),
            None => Err(Failure::Message("there is nowhere to write it to".to_owned())),
        },
    }
}

fn written(file: &Path, line: &Line) -> Done {
    append(file, line)?;
    say(&format!("written to {}\n", SafeText::new(&file.display().to_string())))
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
        return Ok(Way { endpoint: None, file: Some(file.clone()) });
    }
    if let Some(url) = &flags.to {
        parse_url(url).map_err(|error| Failure::Message(format!("--to: {}", error.detail)))?;
        let token = std::env::var("ANDON_EVENT_TOKEN")
            .map_err(|_| Failure::Message("the environment variable ANDON_EVENT_TOKEN is not set".to_owned()))?;
        return Ok(Way { endpoint: Some((url.clone(), token.into())), file: None });
    }
    of_the_board(flags)
}

fn of_the_board(flags: &EventFlags) -> Result<Way, Failure> {
    let request = request(&BoardFlags { config: flags.config.clone(), ..BoardFlags::default() });
    let loaded = config::load(&request).map_err(|problems| {
        super::complain_about(&problems);
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
    let endpoint = match (&config.listen, &config.token) {
        (Some(listen), Some(token)) => {
            let token = token.read().map_err(|error| Failure::Message(error.detail.to_string()))?;
            Some((format!("http://{listen}"), token))
        }
        _ => None,
    };
    Ok(Way { endpoint, file: Some(config.file) })
}

enum Posted {
    Taken,
    NobodyListens,
}

/// Tells the board. Every refusal is an error in its own words.
fn post(url: &str, token: &SecretString, line: &Line) -> Result<Posted, Failure> {
    let wrong = |text: String| Failure::Message(text);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| wrong(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(LONGEST)
            .tls_certs_only([])
            .build()
            .map_err(|error| wrong(format!("no client: {error}")))?;
        let body = serde_json::to_string(line).map_err(|error| wrong(error.to_string()))?;
        let request = client
            .post(format!("{}/events", url.trim_end_matches('/')))
            .bearer_auth(token.expose_secret())
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .body(body);
        match request.send().await {
            Err(error) if error.is_connect() => Ok(Posted::NobodyListens),
            Err(_) => Err(wrong(format!("{url} does not answer within {} s", LONGEST.as_secs()))),
            Ok(response) if response.status() == reqwest::StatusCode::CREATED => Ok(Posted::Taken),
            Ok(mut response) => {
                let status = response.status();
                // A sentence comes in one piece; whatever else this is need not be read.
                let why = response.chunk().await.ok().flatten().unwrap_or_default();
                let why = SafeText::new(String::from_utf8_lossy(&why).trim());
                Err(wrong(format!("the board does not take it: HTTP {}: {why}", status.as_u16())))
            }
        }
    })
}
