//! Any JSON document over HTTP; queries are jq expressions over it.
//!
//! One request answers all queries. What an expression yields decides what it is:
//!
//! | yields | becomes |
//! |---|---|
//! | a number, true/false, or a text that is a number ("0", "95 %") | the value of this moment |
//! | an array of `[time, value]` pairs (time in epoch seconds, milliseconds, or RFC 3339) | a series |
//! | an array of numbers | a series without times: a table of one column |
//! | an object of numbers | one series a key; a key without a number (null, "down") is a gap |
//! | an array of objects | a table |
//! | any other text, or an array of texts | lines |
//!
//! Plain paths (`.orders.today`) are looked up here; other expressions run in a process of their own, with
//! limits on time and memory ([`worker`]).

use std::sync::Arc;

use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;

use super::contract::{Context, Moment, QueryLanguage, Source};
use super::http::{Http, Method, parse_url, refuse_html};
use crate::model::fault::FetchError;
use crate::model::poll::{Answer, Ask};
use evaluator::Evaluator;

pub mod evaluator;
pub mod jq;
pub mod path;
pub mod pick;
mod protocol;
pub mod worker;
pub mod workers;

/// The keys of a JSON source.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address of the document.
    pub url: String,
}

/// One open document.
#[derive(Debug)]
pub struct Json {
    http: Arc<Http>,
    url: Url,
    evaluator: Evaluator,
}

impl Source for Json {
    const TYPE: &'static str = "json";
    const SUMMARY: &'static str = "any JSON document over HTTP; queries pick from it with jq";
    const QUERY: QueryLanguage = QueryLanguage::Needed("a jq expression, such as .orders.today");
    const HTTP: bool = true;
    const ONE_REQUEST: bool = true;
    type Config = Config;

    fn url(config: &Config) -> Option<&str> {
        Some(&config.url)
    }

    fn check_query(query: &str) -> Result<(), String> {
        jq::compile(query).map(drop)
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        let evaluator = Evaluator::new(&context.network.limits);
        Ok(Self { http: context.http()?, url: parse_url(&config.url)?, evaluator })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let response = self.http.fetch(&self.url, Method::Get, "application/json", moment.deadline).await?;
        refuse_html(&response)?;
        self.evaluator.evaluate(response.body, asks.to_vec(), moment).await
    }
}
