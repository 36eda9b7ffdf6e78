//! A real Buildbot master with a real worker, each on a port and in a folder of its own.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::folder::Folder;
use super::prometheus::free_port;

/// Where `tests/run` puts it.
fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/buildbot/bin")
}

/// Whether it is installed; says so when it is not.
pub fn is_here(test: &str) -> bool {
    super::installed::is_there(test, &[programs().join("buildbot"), programs().join("buildbot-worker")])
}

/// Builders: `passes`, `fails` (until a file `mended` is there), `slow` (until a file `done` is there).
const MASTER: &str = r"
import os
from buildbot.plugins import schedulers, steps, util, worker
here = os.path.dirname(os.path.abspath(__file__))
def builder(name, *commands):
    factory = util.BuildFactory([steps.ShellCommand(name=step, command=['sh', '-c', command]) for step, command in commands])
    return util.BuilderConfig(name=name, workernames=['hand'], factory=factory, tags=['shop'])
c = BuildmasterConfig = {
    'workers': [worker.Worker('hand', 'secret', max_builds=4)],
    'protocols': {'pb': {'port': 'tcp:WORKER_PORT:interface=127.0.0.1'}},
    'builders': [
        builder('passes', ('test', 'true')),
        builder('fails', ('compile', 'true'), ('unit tests', 'test -e %s/mended' % here)),
        builder('slow', ('wait', 'while ! test -e %s/done; do sleep 0.1; done' % here)),
    ],
    'schedulers': [schedulers.ForceScheduler(name='force', builderNames=['passes', 'fails', 'slow'])],
    'www': {'port': 'tcp:WEB_PORT:interface=127.0.0.1', 'plugins': {}},
    'db': {'db_url': 'sqlite:///state.sqlite'},
    'buildbotURL': 'http://127.0.0.1:WEB_PORT/',
    'buildbotNetUsageData': None,
}
";

pub struct Buildbot {
    port: u16,
    folder: Folder,
    processes: Vec<Child>,
}

impl Buildbot {
    /// Runs, with its worker connected.
    pub fn started() -> Self {
        let (port, worker_port) = (free_port(), free_port());
        let folder = Folder::new();
        let (master, worker) = (folder.path().join("master"), folder.path().join("worker"));
        run("buildbot", &["create-master", "--quiet", master.to_str().unwrap()]);
        let config = MASTER.replace("WEB_PORT", &port.to_string()).replace("WORKER_PORT", &worker_port.to_string());
        std::fs::write(master.join("master.cfg"), config).unwrap();
        let address = format!("127.0.0.1:{worker_port}");
        run("buildbot-worker", &["create-worker", "--quiet", worker.to_str().unwrap(), &address, "hand", "secret"]);
        let mut buildbot = Self { port, folder, processes: Vec::new() };
        for (program, folder) in [("buildbot", &master), ("buildbot-worker", &worker)] {
            let child = command(program).args(["start", "--nodaemon"]).arg(folder).spawn().unwrap();
            buildbot.processes.push(child);
        }
        buildbot.wait("the worker to connect", |it| {
            it.get("/api/v2/workers").is_some_and(|body| body["workers"][0]["connected_to"][0].is_object())
        });
        buildbot
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks for a build.
    pub fn force(&self, builder: &str) {
        let body = self.get(&format!("/api/v2/builders/{builder}")).unwrap();
        let id = body["builders"][0]["builderid"].as_u64().unwrap();
        let call = format!(
            r#"{{"id":1,"jsonrpc":"2.0","method":"force","params":{{"builderid":"{id}","reason":"a test","username":"Ada <ada@example.com>"}}}}"#
        );
        let answer = self.exchange(&format!(
            "POST /api/v2/forceschedulers/force HTTP/1.0\r\nHost: 127.0.0.1\r\nOrigin: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{call}",
            self.url(),
            call.len()
        ));
        assert!(answer.as_ref().is_some_and(|body| body["result"].is_array()), "not forced: {answer:?}");
    }

    /// Makes a file that a builder waits for.
    pub fn make(&self, name: &str) {
        std::fs::write(self.folder.path().join("master").join(name), "").unwrap();
    }

    fn get(&self, path: &str) -> Option<Value> {
        self.exchange(&format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"))
    }

    fn exchange(&self, request: &str) -> Option<Value> {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
    }

    fn wait(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let begin = Instant::now();
        while !is_so(self) {
            assert!(begin.elapsed() < Duration::from_mins(1), "Buildbot never came to {what}");
            // Each turn asks the server; the pause only keeps the asking polite.
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }
}

impl Drop for Buildbot {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ended = process.kill();
            let _reaped = process.wait();
        }
    }
}

fn command(program: &str) -> Command {
    let mut command = Command::new(programs().join(program));
    command.env("PATH", format!("{}:/usr/bin:/bin", programs().display()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn run(program: &str, arguments: &[&str]) {
    assert!(command(program).args(arguments).status().unwrap().success(), "{program} {arguments:?}");
}
