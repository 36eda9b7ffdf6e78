//! A board with something to hide in every field, and what its server does.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use andon::model::time::now;

use crate::support::folder::Folder;
use crate::support::page::Page;
use crate::support::prometheus::free_port;
use crate::support::server::{Reply, Server};
use crate::support::serving::Serving;

/// Nobody elsewhere ever sees these.
pub const SECRET: &str = "zsecret";
/// Of a dashboard that only the team sees.
pub const VAULT: &str = "zvault";
/// What somebody outside has written, of the dashboard that everybody sees.
pub const SHOP: &str = "zshop";

/// Where the file of the board is.
const FOLDER: &str = "zvault-folder";
/// Panels that are asked of the server each second.
const ASKED: usize = 6;

pub struct Target {
    pub page: Page,
    pub telemetry: Server,
}

/// All that the process has done to the world around it.
#[derive(Debug, PartialEq, Eq)]
pub struct Traces {
    files: BTreeSet<String>,
    children: BTreeSet<String>,
    /// The other ends of what it has connected to.
    connected: BTreeSet<String>,
}

impl Target {
    pub fn start() -> Self {
        let (telemetry, folder, port) = (telemetry(), Folder::new(), free_port());
        std::fs::create_dir(folder.path().join(FOLDER)).unwrap();
        for name in [SHOP, VAULT] {
            folder.write(&format!("{name}.log"), &format!("ERROR {name}-line of a log\n"));
        }
        let file = folder.write(&format!("{FOLDER}/board.toml"), &text(&telemetry, folder.path(), port));
        let variables = [
            ("ZSECRET_TEAM", "zsecret-of-the-team"),
            ("ZSECRET_SALES", "zsecret-of-sales"),
            ("ZSECRET_BEARER", "zsecret-bearer"),
        ];
        let page = Page::of(Serving::of(folder, file, &variables), port);
        Self { page, telemetry }
    }

    /// What an audience shows in a browser.
    pub fn token(audience: &str) -> Option<String> {
        let secret = match audience {
            "team" => "zsecret-of-the-team",
            "sales" => "zsecret-of-sales",
            _ => return None,
        };
        Some(format!("Authorization: Bearer {secret}"))
    }

    pub fn socket(&self, audience: &str) -> std::path::PathBuf {
        match audience {
            "team" => self.page.serving.socket(),
            other => self.page.serving.folder.path().join(format!("{other}.sock")),
        }
    }

    /// The file that it reads again when it changes has a mistake from now on.
    pub fn break_config(&self) {
        let path = self.page.serving.folder.path().join(FOLDER).join("board.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text + "\nzvault-mistake = 1\n").unwrap();
    }

    pub fn traces(&self) -> Traces {
        let process = self.page.serving.id();
        let mut files = BTreeSet::new();
        tree(self.page.serving.folder.path(), &mut files);
        let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten();
        let of_task =
            |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        let children = tasks.map(of_task).flat_map(|all| all.split(' ').map(str::to_owned).collect::<Vec<_>>());
        Traces {
            files,
            children: children.filter(|child| !child.is_empty()).collect(),
            connected: connected(process, [self.page.port, self.telemetry.address.port()]),
        }
    }

    /// Which requests were made, without their moments; and how many.
    pub fn asked(&self) -> (BTreeSet<String>, usize) {
        let all = self.telemetry.requests();
        let first = |head: &String| head.split(' ').nth(1).unwrap_or_default().to_owned();
        let still = |path: String| {
            let parts = path
                .split(['?', '&'])
                .filter(|part| !["time=", "start=", "end="].iter().any(|key| part.starts_with(key)));
            parts.collect::<Vec<_>>().join(" ")
        };
        (all.iter().map(first).map(still).collect(), all.len())
    }

    /// The most requests of so many seconds.
    pub const fn most(seconds: u64) -> usize {
        (seconds as usize + 2) * ASKED
    }
}

/// Files with their sizes and times of change.
fn tree(folder: &Path, all: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let meta = entry.metadata().unwrap();
        if meta.is_dir() {
            tree(&entry.path(), all);
        }
        all.insert(format!("{} {} {:?}", entry.path().display(), meta.len(), meta.modified().unwrap()));
    }
}

/// Where a process is connected to over TCP and UDP, but for those who look at its page, and its telemetry. Source: proc(5).
fn connected(process: u32, known: [u16; 2]) -> BTreeSet<String> {
    let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().flatten();
    let targets = descriptors.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    let own: BTreeSet<String> = targets
        .filter_map(|target| Some(target.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned()))
        .collect();
    let mut others = BTreeSet::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let lines = std::fs::read_to_string(format!("/proc/{process}/net/{table}")).unwrap_or_default();
        for fields in lines.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>()) {
            let [page, telemetry] = known.map(|port| format!(":{port:04X}"));
            let is_known = fields[1].ends_with(&page) || fields[2].ends_with(&telemetry);
            if own.contains(fields[9]) && !is_known {
                others.insert(format!("{table} {}", fields[2]));
            }
        }
    }
    others
}

/// Answers of this moment, with the labels of a dashboard.
fn telemetry() -> Server {
    let server = Server::start();
    for name in [SHOP, VAULT] {
        for (path, kind, key) in [("query", "vector", "value"), ("query_range", "matrix", "values")] {
            let play = Reply::play(move |stream| {
                let at = now().0 as f64 / 1000.0;
                let point = format!("[{at:.3},\"4\"]");
                let point = if key == "values" { format!("[{point}]") } else { point };
                let series = |n: u8| {
                    format!(
                        "{{\"metric\":{{\"instance\":\"{name}-host{n}\",\"job\":\"{name}-job\"}},\"{key}\":{point}}}"
                    )
                };
                let body = format!(
                    "{{\"status\":\"success\",\"data\":{{\"resultType\":\"{kind}\",\"result\":[{},{}]}}}}",
                    series(1),
                    series(2)
                );
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length";
                let _gone = write!(stream, "{head}: {}\r\n\r\n{body}", body.len());
            });
            server.route(&format!("/{name}-url/api/v1/{path}"), play);
        }
        let error = format!("{{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"{name}-error\"}}");
        server
            .route(&format!("/{name}-bad/api/v1/query"), Reply::status("400 Bad Request", "application/json", &error));
        server.route(
            &format!("/{name}-bad/api/v1/query_range"),
            Reply::status("400 Bad Request", "application/json", &error),
        );
        let feed = format!(
            "<Projects><Project name=\"{name}-build\" activity=\"Sleeping\" lastBuildStatus=\"Failure\" \
             lastBuildLabel=\"{name}-label\" lastBuildTime=\"2026-01-01T00:00:00Z\" webUrl=\"http://{name}-web/\"/></Projects>"
        );
        server.route(&format!("/{name}-feed"), Reply::body("application/xml", &feed));
    }
    server
}

fn text(telemetry: &Server, folder: &Path, port: u16) -> String {
    let source = |name: &str, kind: &str, keys: &str| format!("[sources.{name}]\ntype = \"{kind}\"\n{keys}\n");
    let sources = |name: &str| {
        let url = |path: &str| format!("url = \"{}\"", telemetry.url(&format!("/{name}-{path}")));
        [
            source(
                &format!("{name}-p"),
                "prometheus",
                &format!("{}\nauth = {{ bearer = {{ env = \"ZSECRET_BEARER\" }} }}", url("url")),
            ),
            source(&format!("{name}-b"), "prometheus", &url("bad")),
            source(&format!("{name}-c"), "cctray", &url("feed")),
            source(&format!("{name}-l"), "logs", &format!("files = [\"{}/{name}.log\"]", folder.display())),
        ]
        .concat()
    };
    let panels = |name: &str, title: &str| {
        let panel = |view: &str, source: &str, query: &str| {
            let query = if query.is_empty() { String::new() } else { format!("query = \"{query}\"\n") };
            format!(
                "[[dashboards.panels]]\nid = \"{title}-{view}{}\"\ntitle = \"{title} {view}\"\nview = \"{view}\"\n\
                 source = \"{name}-{source}\"\n{query}link = \"https://{name}-link/\"\n",
                query.len()
            )
        };
        [
            panel("stat", "p", &format!("{name}_query")),
            panel("chart", "p", &format!("{name}_other_query")),
            panel("table", "p", &format!("{name}_third_query")),
            panel("stat", "b", &format!("{name}_bad_query")),
            panel("builds", "c", ""),
            panel("logs", "l", ""),
        ]
        .concat()
    };
    [
        format!(
            "title = \"Orchard\"\nrefresh = \"2s\"\npeople = true\n[web]\nlisten = \"127.0.0.1:{port}\"\ntoken = {{ env = \"ZSECRET_TEAM\" }}\n\
             hosts = [\"zvault-name.example.com\"]\n"
        ),
        format!(
            "[[audience]]\nname = \"sales\"\ndetail = \"full\"\ndashboards = \"shop\"\ntoken = {{ env = \"ZSECRET_SALES\" }}\n\
             socket = \"{0}/sales.sock\"\n[[audience]]\nname = \"public\"\ndashboards = \"shop\"\nsocket = \"{0}/public.sock\"\n",
            folder.display()
        ),
        sources(SHOP),
        sources(VAULT),
        "[[dashboards]]\nname = \"shop\"\ntitle = \"Fruit\"\n".to_owned(),
        panels(SHOP, "apples"),
        format!("[[dashboards]]\nname = \"{VAULT}-page\"\ntitle = \"{VAULT}-title\"\n"),
        panels(VAULT, "zvault-panel"),
    ]
    .concat()
}
