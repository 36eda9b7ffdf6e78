//! How the shop's changes come about, in the formats of the servers that would tell of them: Jenkins, Argo
//! CD, GitLab, a calendar. Each is a pure function of the shop and the moment.

use serde_json::{Value, json};

use super::shop::{INCIDENT_EVERY, PIPELINES, SERVICES, Shop};
use crate::model::time::Timestamp;

/// Runs that Jenkins tells of a job.
const RUNS: i64 = 12;
/// How long a deploy takes, in seconds.
const DEPLOY_LASTS: i64 = 45;
/// How much earlier a version is on staging, in seconds.
const STAGING_AHEAD: i64 = 1200;
/// How long before an incident its deploy was, in seconds.
const BEFORE_INCIDENT: i64 = 75;
/// How far deploys are told back, in seconds.
const DEPLOYS_TOLD: i64 = 86_400;
/// The stages of every pipeline, each with its part of the time.
const STAGES: [(&str, f64, &str); 4] = [
    ("build", 0.25, "compile"),
    ("test", 0.45, "unit tests"),
    ("package", 0.1, "image"),
    ("smoke", 0.2, "checkout journey"),
];
/// Changes that wait for somebody, with the days between two of a kind.
const CHANGES: [(&str, i64, &str); 7] = [
    ("Show delivery costs before checkout", 6, "not_approved"),
    ("Retry payments that timed out", 2, "ci_still_running"),
    ("Drop the old search index", 9, "discussions_not_resolved"),
    ("Smaller product images", 3, "mergeable"),
    ("Update the TLS library", 4, "not_approved"),
    ("Basket in local storage", 11, "draft_status"),
    ("Stock levels every minute", 5, "not_approved"),
];

/// A run of a pipeline.
#[derive(Debug, Clone, Copy)]
struct Run {
    number: i64,
    begin: i64,
    red: bool,
}

impl Shop {
    /// The last runs of a pipeline, the newest first; the first may still be under way.
    fn runs(self, channel: u64, now: Timestamp) -> Vec<Run> {
        let Some((_, period, _)) = PIPELINES.get(channel as usize).copied() else { return Vec::new() };
        let phase = self.phase(channel, period);
        let newest = (now.0.div_euclid(1000) - phase).div_euclid(period);
        let run = |number| Run { number, begin: number * period + phase, red: self.is_red(channel, number) };
        (newest - RUNS + 1..=newest).rev().map(run).collect()
    }

    /// The jobs of a Jenkins server.
    pub fn jenkins(self, now: Timestamp) -> Value {
        let jobs: Vec<Value> = (0..PIPELINES.len() as u64).map(|channel| self.job(channel, now)).collect();
        json!({ "jobs": jobs })
    }

    fn job(self, channel: u64, now: Timestamp) -> Value {
        let (name, _, lasts) = PIPELINES.get(channel as usize).copied().unwrap_or(("", 1, 1));
        let seconds = now.0.div_euclid(1000);
        let told = |run: &Run| {
            let building = seconds - run.begin < lasts;
            let result = if run.red { "FAILURE" } else { "SUCCESS" };
            // No two runs take the same time.
            let took = lasts as f64 * (0.9 + 0.25 * self.random(700 + channel, run.number));
            json!({
                "number": run.number.rem_euclid(10_000),
                "building": building,
                "result": if building { Value::Null } else { json!(result) },
                "timestamp": run.begin * 1000,
                "duration": if building { 0 } else { (took.min(lasts as f64) * 1000.0) as i64 },
                "estimatedDuration": lasts * 1000,
            })
        };
        let builds: Vec<Value> = self.runs(channel, now).iter().map(told).collect();
        json!({ "fullName": name, "color": "blue", "lastBuild": builds.first(), "builds": builds })
    }

    /// The stages of the last run of a job, as the Pipeline REST API plugin tells them.
    pub fn stages(self, job: &str, now: Timestamp) -> Option<Value> {
        let channel = PIPELINES.iter().position(|(name, _, _)| *name == job)? as u64;
        let (_, _, lasts) = PIPELINES.get(channel as usize).copied()?;
        let run = self.runs(channel, now).first().copied()?;
        let passed = (now.0.div_euclid(1000) - run.begin) as f64;
        // A red run breaks in its tests, or at its end.
        let breaks = if self.random(800 + channel, run.number) < 0.6 { 1 } else { 3 };
        let mut begin = 0.0;
        let mut stages = Vec::new();
        for (n, (name, part, _)) in STAGES.iter().enumerate() {
            let takes = part * lasts as f64;
            let status = match (run.red && n == breaks, passed - begin) {
                _ if run.red && n > breaks => break,
                (_, since) if since < 0.0 => break,
                (_, since) if since < takes => "IN_PROGRESS",
                (true, _) => "FAILED",
                (false, _) => "SUCCESS",
            };
            let started = run.begin * 1000 + (begin * 1000.0) as i64;
            let took = (passed - begin).clamp(0.0, takes) * 1000.0;
            stages.push(json!({
                "name": name, "status": status, "startTimeMillis": started, "durationMillis": took as i64,
            }));
            begin += takes;
        }
        Some(json!({ "stages": stages }))
    }

    /// When a service was deployed to production, oldest first, up to a moment; with its versions.
    fn deploys(self, index: usize, until: i64) -> Vec<(i64, String)> {
        let from = until - DEPLOYS_TOLD;
        let name = SERVICES.get(index).map_or("", |(name, _)| *name);
        if name == "checkout" {
            let slots = from.div_euclid(INCIDENT_EVERY)..=until.div_euclid(INCIDENT_EVERY);
            let at = slots.filter_map(|slot| Some((slot, self.incident_begin(slot)? as i64 - BEFORE_INCIDENT)));
            let within = at.filter(|(_, at)| (from..=until).contains(at));
            return within.map(|(slot, at)| (at, format!("v2.{}", slot.rem_euclid(1000)))).collect();
        }
        let period = 5400 + 1700 * index as i64;
        let phase = (self.random(600 + index as u64, 0) * period as f64) as i64;
        let numbers = (from - phase).div_euclid(period) + 1..=(until - phase).div_euclid(period);
        numbers.map(|n| (n * period + phase, format!("v1.{}", n.rem_euclid(1000)))).collect()
    }

    /// The applications of an Argo CD: each service on staging and in production.
    pub fn argocd(self, now: Timestamp) -> Value {
        let seconds = now.0.div_euclid(1000);
        let environments = [("staging", STAGING_AHEAD), ("production", 0)];
        let each = environments.iter().flat_map(|(environment, ahead)| {
            (0..SERVICES.len()).map(move |index| self.application(index, environment, *ahead, seconds, now))
        });
        json!({ "items": each.collect::<Vec<_>>() })
    }

    fn application(self, index: usize, environment: &str, ahead: i64, seconds: i64, now: Timestamp) -> Value {
        let name = SERVICES.get(index).map_or("", |(name, _)| *name);
        let time = |at: i64| Timestamp((at - ahead) * 1000).rfc3339();
        // What comes within the time that a deploy takes is under way.
        let mut all = self.deploys(index, seconds + ahead + DEPLOY_LASTS);
        let coming = all.pop_if(|(at, _)| *at > seconds + ahead);
        let history: Vec<Value> =
            all.iter().map(|(at, version)| json!({ "revision": version, "deployedAt": time(*at) })).collect();
        let is_ill = environment == "production" && name == "checkout" && !self.is_up(name, now);
        let mut status = json!({
            "sync": { "status": "Synced" },
            "health": { "status": if is_ill { "Degraded" } else { "Healthy" } },
            "history": history,
        });
        if let (Some((at, version)), Some(status)) = (coming, status.as_object_mut()) {
            status.insert(
                "operationState".to_owned(),
                json!({
                    "phase": "Running",
                    "startedAt": time(at - DEPLOY_LASTS),
                    "operation": { "sync": { "revision": version } },
                }),
            );
        }
        json!({ "metadata": { "name": format!("{name}-{environment}") }, "status": status })
    }

    /// The merge requests of a GitLab project: those that are open, or those merged lately.
    pub fn merge_requests(self, merged: bool, now: Timestamp) -> Value {
        let seconds = now.0.div_euclid(1000);
        let one = |(index, (title, days, status)): (usize, &(&str, i64, &str))| {
            let period = days * 86_400;
            let phase = (self.random(900 + index as u64, 0) * period as f64) as i64;
            let number = (seconds - phase).div_euclid(period) - i64::from(merged);
            let opened = number * period + phase;
            let took = 3600 + (self.random(910 + index as u64, number) * period as f64 * 0.4) as i64;
            let iid = number.rem_euclid(100) * 10 + index as i64;
            json!({
                "id": iid, "iid": iid, "title": title, "draft": *status == "draft_status",
                "created_at": Timestamp(opened * 1000).rfc3339(),
                "merged_at": if merged { json!(Timestamp((opened + took) * 1000).rfc3339()) } else { Value::Null },
                "detailed_merge_status": status,
                "web_url": format!("http://127.0.0.1/shop/-/merge_requests/{iid}"),
            })
        };
        CHANGES.iter().enumerate().map(one).collect()
    }

    /// What is planned.
    pub fn calendar() -> String {
        let entry = |uid: u8, lines: &str| format!("BEGIN:VEVENT\r\nUID:{uid}@shop\r\n{lines}\r\nEND:VEVENT\r\n");
        let entries = [
            "SUMMARY:Release train\r\nDTSTART:20260105T150000Z\r\nDURATION:PT30M\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH",
            "SUMMARY:Database maintenance\r\nDTSTART:20260107T020000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;BYDAY=WE",
            "SUMMARY:Certificates are renewed\r\nDTSTART:20260101T090000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=MONTHLY;BYMONTHDAY=1",
            "SUMMARY:Year-end change freeze\r\nDTSTART;VALUE=DATE:20261221\r\nDTEND;VALUE=DATE:20270104\r\nRRULE:FREQ=YEARLY",
        ];
        let entries: String = entries.iter().zip(1..).map(|(lines, uid)| entry(uid, lines)).collect();
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//andon//shop//EN\r\n{entries}END:VCALENDAR\r\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_262_400_000);

    #[test]
    fn before_each_incident_there_was_a_deploy() {
        let shop = Shop::new(1);
        let checkout = SERVICES.iter().position(|(name, _)| *name == "checkout").unwrap();
        let deploys = shop.deploys(checkout, NOW.0 / 1000);
        assert!(deploys.len() > 20, "{deploys:?}");
        let begins: Vec<i64> = (0..96)
            .filter_map(|n| shop.incident_begin(NOW.0 / 1000 / INCIDENT_EVERY - n))
            .map(|at| at as i64)
            .collect();
        assert!(deploys.iter().all(|(at, _)| begins.contains(&(at + BEFORE_INCIDENT))), "{deploys:?}");
    }

    #[test]
    fn staging_is_ahead_of_production() {
        let shop = Shop::new(1);
        let version = |ahead: i64| shop.deploys(0, NOW.0 / 1000 + ahead).last().cloned();
        // Some time within a day a version is on staging only.
        let ahead = (0..86_400).step_by(60).any(|at| version(at) != version(at + STAGING_AHEAD));
        assert!(ahead);
    }

    #[test]
    fn a_run_under_way_has_no_result_and_its_stages_stop_where_it_is() {
        let shop = Shop::new(1);
        let jobs = shop.jenkins(NOW);
        let running: Vec<&Value> =
            jobs["jobs"].as_array().unwrap().iter().filter(|job| job["lastBuild"]["building"] == true).collect();
        for job in running {
            assert!(job["lastBuild"]["result"].is_null());
            let stages = shop.stages(job["fullName"].as_str().unwrap(), NOW).unwrap();
            let last = stages["stages"].as_array().unwrap().last().unwrap()["status"].clone();
            // One that will be red may have failed already.
            assert!(last == "IN_PROGRESS" || last == "FAILED", "{job}");
        }
        assert!(shop.stages("nobody/knows", NOW).is_none());
    }
}
