//! What is done to every answer of a source before anything else sees it.

use crate::model::build::Build;
use crate::model::glob::Globs;
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;

/// The board's wishes about the answers of a source.
#[derive(Debug, Clone, Default)]
pub struct AnswerFilter {
    /// Whether names of people stay in.
    pub people: bool,
    /// Names of builds that are deploys.
    pub deploys: Globs,
    /// The environment that those deploy to.
    pub deploys_to: SafeText,
}

impl AnswerFilter {
    /// The answer as the board wants it.
    pub fn apply(&self, telemetry: Telemetry) -> Telemetry {
        let telemetry = if self.people { telemetry } else { telemetry.without_people() };
        match telemetry {
            Telemetry::Builds(builds) if !self.deploys.is_empty() => {
                Telemetry::Builds(builds.into_iter().map(|build| self.marked(build)).collect())
            }
            Telemetry::Caveat { telemetry, caveat } => {
                Telemetry::Caveat { telemetry: Box::new(self.apply(*telemetry)), caveat }
            }
            other => other,
        }
    }

    fn marked(&self, build: Build) -> Build {
        let is_deploy = self.deploys.pick(build.name.as_str());
        Build { deploys_to: is_deploy.then(|| self.deploys_to.clone()), ..build }
    }
}
