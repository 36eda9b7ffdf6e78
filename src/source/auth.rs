//! Secrets and how they are presented.

use std::path::PathBuf;

use reqwest::header::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::file;
use crate::model::fault::{AuthFault, FetchError, Reason};

/// Largest secret file taken, in bytes.
const MAX_FILE: u64 = 64 * 1024;

/// A secret by reference: `{ env = "NAME" }`, `{ file = "/path" }`, or a literal (which is warned about).
#[derive(Debug, Clone, JsonSchema)]
#[schemars(untagged)]
pub enum Secret {
    /// The name of an environment variable.
    Env(EnvSecret),
    /// The path of a file; a line end at its end is dropped.
    File(FileSecret),
    /// The secret itself. Better kept out of the file.
    Literal(#[schemars(with = "String")] SecretString),
}

/// A secret in the environment.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct EnvSecret {
    /// Name of the environment variable.
    pub env: String,
}

/// A secret in a file.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FileSecret {
    /// Path of the file.
    pub file: PathBuf,
}

impl<'de> Deserialize<'de> for Secret {
    /// By hand, because serde would read a list of one text as the name of a variable, and names are shown.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde_json::Value;
        let value = Value::deserialize(deserializer)?;
        let only = value.as_object().filter(|table| table.len() == 1).and_then(|table| table.iter().next());
        match (&value, only) {
            (Value::String(secret), _) => Ok(Self::Literal(secret.clone().into())),
            (_, Some((key, Value::String(name)))) if key == "env" => Ok(Self::Env(EnvSecret { env: name.clone() })),
            (_, Some((key, Value::String(path)))) if key == "file" => Ok(Self::File(FileSecret { file: path.into() })),
            _ => Err(serde::de::Error::custom("expected { env = \"NAME\" }, { file = \"PATH\" } or a text")),
        }
    }
}

impl Secret {
    /// Reads it. The error names where it should have been, never what it is. An empty one is missing: the
    /// server would take it for another user, or for nobody.
    pub fn read(&self) -> Result<SecretString, FetchError> {
        let missing = |detail: String| FetchError::new(Reason::Auth(AuthFault::Secret), detail);
        let secret = match self {
            Self::Literal(secret) => secret.clone(),
            Self::Env(EnvSecret { env }) => std::env::var(env)
                .map(SecretString::from)
                .map_err(|_| missing(format!("the environment variable {env} is not set")))?,
            Self::File(FileSecret { file: path }) => {
                let wrong = |what: &dyn std::fmt::Display| missing(format!("the file {} {what}", path.display()));
                let bytes = file::read(path, MAX_FILE).map_err(|why| wrong(&why))?;
                let text = String::from_utf8(bytes).map_err(|_| wrong(&"is not UTF-8"))?;
                SecretString::from(text.trim_end_matches(['\n', '\r']))
            }
        };
        if secret.expose_secret().trim().is_empty() {
            return Err(missing(format!("{} is empty", self.origin())));
        }
        Ok(secret)
    }

    /// Where it is, without what it is.
    fn origin(&self) -> String {
        match self {
            Self::Env(EnvSecret { env }) => format!("the environment variable {env}"),
            Self::File(FileSecret { file }) => format!("the file {}", file.display()),
            Self::Literal(_) => "the secret in the config file".to_owned(),
        }
    }

    /// Whether it stands in a file of its own.
    pub const fn is_in_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// Whether it stands in the config file itself.
    pub const fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }
}

/// How a source shows who it is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// `Authorization: Bearer ...`
    Bearer(Secret),
    /// HTTP basic authentication.
    Basic(Basic),
    /// A header of the server's own, such as `PRIVATE-TOKEN`.
    Header(Header),
}

/// User name and password.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// User name.
    pub username: String,
    /// Password.
    pub password: Secret,
}

/// A header with a secret value.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Header name.
    pub name: String,
    /// Header value.
    pub value: Secret,
}

impl Auth {
    /// The secret in it.
    pub const fn secret(&self) -> &Secret {
        match self {
            Self::Bearer(secret) => secret,
            Self::Basic(basic) => &basic.password,
            Self::Header(header) => &header.value,
        }
    }

    /// What is sent and where it comes from, without what it is.
    pub fn describe(&self) -> String {
        let what = match self {
            Self::Bearer(_) => "a bearer token",
            Self::Basic(_) => "a user name and password",
            Self::Header(_) => "a header",
        };
        match self.secret() {
            Secret::Env(EnvSecret { env }) => format!("{what} from ${env}"),
            Secret::File(FileSecret { file }) => format!("{what} from {}", file.display()),
            Secret::Literal(_) => format!("{what} from the config file"),
        }
    }

    /// Puts it on a request, marked sensitive so that no `Debug` shows it.
    pub(super) fn apply(
        &self,
        request: reqwest::RequestBuilder,
        secret: &SecretString,
    ) -> Result<reqwest::RequestBuilder, FetchError> {
        Ok(match self {
            Self::Bearer(_) => {
                sensitive(secret)?;
                request.bearer_auth(secret.expose_secret())
            }
            Self::Basic(basic) => request.basic_auth(&basic.username, Some(secret.expose_secret())),
            Self::Header(header) => request.header(header_name(&header.name)?, sensitive(secret)?),
        })
    }
}

/// Reads the name of a header (RFC 9110, section 5.1).
pub(super) fn header_name(name: &str) -> Result<HeaderName, FetchError> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| FetchError::new(Reason::Auth(AuthFault::Secret), format!("'{name}' is not a header name")))
}

/// A secret as the value of a header.
pub(super) fn sensitive(secret: &SecretString) -> Result<HeaderValue, FetchError> {
    let mut value = HeaderValue::from_str(secret.expose_secret()).map_err(|_| {
        FetchError::new(Reason::Auth(AuthFault::Secret), "the secret has characters that no header may carry")
    })?;
    value.set_sensitive(true);
    Ok(value)
}
