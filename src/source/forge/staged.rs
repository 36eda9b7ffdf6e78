//! The answers to queries of builds: all of them, or those that a glob picks, with the stages of their last runs.

use wildmatch::WildMatch;

use super::gaps::Gaps;
use crate::model::build::Build;
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::{Answer, Ask};
use crate::model::telemetry::Telemetry;
use crate::source::contract::Moment;

/// Builds whose stages are asked for, each with a request or more of its own.
const MOST_STAGED: usize = 20;
/// Pages of the jobs of one run, a hundred on each.
pub(crate) const MOST_JOB_PAGES: usize = 20;

/// A build as it is shown, of a source that knows its runs as `R`.
#[derive(Debug, Clone)]
pub(crate) struct ListedBuild<R> {
    /// What it is, without stages.
    pub(crate) build: Build,
    /// The run whose stages can be asked for; none while there was no run.
    pub(crate) last_run: Option<R>,
    /// Set where it stands for something of which nothing is known.
    pub(crate) missing: Option<Missing>,
}

/// Something of which nothing is known: a repository, a project, a folder.
#[derive(Debug, Clone)]
pub(crate) struct Missing {
    /// What it is called.
    pub(crate) part: String,
    /// Why nothing is known of it.
    pub(crate) why: String,
    /// Whether a query would have picked something of it, by the query (empty: all builds) and the name of the build
    /// that stands for it.
    pub(crate) is_picked: fn(&str, &str) -> bool,
}

/// A source that can be asked for the stages of a run.
pub(crate) trait HasStages {
    /// What it knows a run by.
    type Run: Sync;

    /// Asks for the stages of a build's last run, and gives them to the build.
    fn add_stages(
        &mut self,
        build: &mut Build,
        run: &Self::Run,
        moment: Moment,
    ) -> impl Future<Output = Result<(), FetchError>> + Send;
}

/// Whether stages will be asked for.
pub(crate) fn wants_stages(asks: &[Ask]) -> bool {
    asks.iter().any(|ask| !ask.query.trim().is_empty())
}

/// The answer to each query; partial where it would have picked something that is missing.
pub(crate) async fn answers<S: HasStages + Send>(
    source: &mut S,
    asks: &[Ask],
    builds: &[ListedBuild<S::Run>],
    moment: Moment,
) -> Result<Vec<Answer>, FetchError> {
    let mut answers = Vec::with_capacity(asks.len());
    for ask in asks {
        let query = ask.query.trim();
        match answer(source, query, builds, moment).await {
            // A refusal is about every request, whichever hears of it.
            Err(error) if error.reason == Reason::RateLimited => return Err(error),
            answer => answers.push(answer.map(|answer| gaps(query, builds).mark(Telemetry::Builds(answer)))),
        }
    }
    Ok(answers)
}

async fn answer<S: HasStages + Send>(
    source: &mut S,
    query: &str,
    builds: &[ListedBuild<S::Run>],
    moment: Moment,
) -> Result<Vec<Build>, FetchError> {
    if query.is_empty() {
        return Ok(builds.iter().map(|listed| listed.build.clone()).collect());
    }
    let mut answer = Vec::new();
    for listed in picked(query, builds)? {
        let mut build = listed.build.clone();
        if let Some(run) = &listed.last_run {
            source.add_stages(&mut build, run, moment).await?;
        }
        answer.push(build);
    }
    Ok(answer)
}

fn picked<'a, R>(query: &str, builds: &'a [ListedBuild<R>]) -> Result<Vec<&'a ListedBuild<R>>, FetchError> {
    let glob = WildMatch::new(query);
    let picked: Vec<_> = builds.iter().filter(|listed| glob.matches(listed.build.name.as_str())).collect();
    if picked.len() > MOST_STAGED {
        let detail = format!("{} builds with stages, more than {MOST_STAGED}; narrow the query", picked.len());
        return Err(FetchError::new(Reason::TooLarge, detail));
    }
    Ok(picked)
}

fn gaps<R>(query: &str, builds: &[ListedBuild<R>]) -> Gaps {
    let mut gaps = Gaps::default();
    for listed in builds {
        if let Some(missing) = &listed.missing
            && (missing.is_picked)(query, listed.build.name.as_str())
        {
            gaps.add(&missing.part, &missing.why);
        }
    }
    gaps
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::model::build::Stage;
    use crate::model::time::Timestamp;

    /// Has one stage for each run, named after it; refuses the run 9, and does not know the run 8.
    struct Server(Vec<u64>);

    impl HasStages for Server {
        type Run = u64;

        async fn add_stages(&mut self, build: &mut Build, run: &u64, _: Moment) -> Result<(), FetchError> {
            self.0.push(*run);
            match run {
                9 => return Err(Reason::RateLimited.into()),
                8 => return Err(Reason::Http(500).into()),
                run => build.stages = vec![Stage { name: run.to_string().into(), ..Stage::default() }],
            }
            Ok(())
        }
    }

    fn listed(name: &str, last_run: Option<u64>) -> ListedBuild<u64> {
        ListedBuild { build: Build { name: name.into(), ..Build::default() }, last_run, missing: None }
    }

    async fn ask(
        server: &mut Server,
        queries: &[&str],
        builds: &[ListedBuild<u64>],
    ) -> Result<Vec<Answer>, FetchError> {
        let ask = |query: &&str| Ask { query: (*query).into(), history: None };
        let asks: Vec<Ask> = queries.iter().map(ask).collect();
        answers(server, &asks, builds, Moment { now: Timestamp(0), deadline: Instant::now() }).await
    }

    /// The names of an answer, each with its stages; and what is missing.
    fn words(answer: &Answer) -> (String, String) {
        let (telemetry, caveat) = answer.clone().unwrap().split();
        let Telemetry::Builds(builds) = telemetry else { panic!("{telemetry:?}") };
        let word = |build: &Build| {
            let stages: Vec<&str> = build.stages.iter().map(|stage| stage.name.as_str()).collect();
            format!("{}[{}]", build.name, stages.join(" "))
        };
        let builds: Vec<String> = builds.iter().map(word).collect();
        (builds.join(" "), caveat.map(|caveat| caveat.text.to_string()).unwrap_or_default())
    }

    #[tokio::test]
    async fn only_a_query_asks_for_stages_and_only_of_what_it_picks() {
        let builds = [listed("shop/a", Some(1)), listed("shop/b", None), listed("mail", Some(2))];
        let mut server = Server(Vec::new());
        let answers = ask(&mut server, &["", " ", "shop/*"], &builds).await.unwrap();
        let all: Vec<String> = answers.iter().map(|answer| words(answer).0).collect();
        assert_eq!(all, ["shop/a[] shop/b[] mail[]", "shop/a[] shop/b[] mail[]", "shop/a[1] shop/b[]"]);
        assert_eq!(server.0, [1]);
    }

    #[tokio::test]
    async fn a_failure_is_of_its_query_and_a_refusal_of_the_whole_poll() {
        let builds = [listed("a", Some(1)), listed("b", Some(8)), listed("c", Some(9))];
        let answers = ask(&mut Server(Vec::new()), &["b", "a"], &builds).await.unwrap();
        assert_eq!(answers[0], Err(Reason::Http(500).into()));
        assert_eq!(words(&answers[1]).0, "a[1]");
        let refused = ask(&mut Server(Vec::new()), &["a", "c"], &builds).await;
        assert_eq!(refused, Err(Reason::RateLimited.into()));
    }

    #[tokio::test]
    async fn too_many_are_refused_before_any_is_asked_for() {
        let builds: Vec<_> = (0..=MOST_STAGED).map(|n| listed(&format!("p{n}"), Some(1))).collect();
        let mut server = Server(Vec::new());
        let answers = ask(&mut server, &["p*", "p1"], &builds).await.unwrap();
        let error = answers[0].clone().unwrap_err();
        assert_eq!(error.to_string(), "answer too large: 21 builds with stages, more than 20; narrow the query");
        assert_eq!((words(&answers[1]).0.as_str(), server.0.len()), ("p1[1]", 1));
    }

    #[tokio::test]
    async fn what_a_query_would_have_picked_of_what_is_missing_makes_it_partial() {
        let is_picked = |query: &str, name: &str| query.is_empty() || query == name;
        let missing = Missing { part: "acme/gone".to_owned(), why: "HTTP 404".to_owned(), is_picked };
        let builds = [ListedBuild { missing: Some(missing), ..listed("gone", None) }, listed("shop", None)];
        let answers = ask(&mut Server(Vec::new()), &["", "gone", "shop"], &builds).await.unwrap();
        let missing: Vec<String> = answers.iter().map(|answer| words(answer).1).collect();
        assert_eq!(missing, ["acme/gone: HTTP 404", "acme/gone: HTTP 404", ""]);
    }
}
