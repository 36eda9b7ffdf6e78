//! A board of two pages whose values are what files of the test say, with a page for browsers.

use serde_json::Value;

use super::folder::Folder;
use super::prometheus::free_port;
use super::serving::{Serving, wait_for_page};
use super::{andon, stdout};

/// Name, title, value, unit and limits of each panel.
const FRUIT: [(&str, &str, &str, &str); 4] = [
    ("apples", "Apples", "17", "unit = \"kg\"\nwarning = \"> 20\"\n"),
    ("pears", "Pears", "42.5", "unit = \"kg\"\nwarning = \"> 20\"\ncritical = \"> 90\"\n"),
    ("plums", "Plums", "1234567", "unit = \"bytes\"\n"),
    ("cherries", "Cherries", "-3", ""),
];
const ROOTS: [(&str, &str, &str, &str); 2] = [("carrots", "Carrots", "8", ""), ("leeks", "Leeks", "905", "")];

pub struct Market {
    pub serving: Serving,
    pub port: u16,
    folder: Folder,
    board: String,
}

impl Market {
    /// `web` is the rest of its `[web]`.
    pub fn open(web: &str) -> Self {
        let (folder, port) = (Folder::new(), free_port());
        let mut board = String::from("title = \"Market\"\nrefresh = \"1s\"\n");
        for (name, _, value, _) in FRUIT.iter().chain(&ROOTS) {
            let file = folder.write(name, value);
            board += &format!("[sources.{name}]\ntype = \"command\"\ncommand = [\"cat\", \"{file}\"]\n");
        }
        for (page, view, panels) in [("fruit", "stat", &FRUIT[..]), ("roots", "sparkline", &ROOTS[..])] {
            board += &format!("[[dashboards]]\nname = \"{page}\"\n");
            for (name, title, _, rest) in panels {
                board += &format!(
                    "[[dashboards.panels]]\nid = \"{name}\"\ntitle = \"{title}\"\nview = \"{view}\"\nsource = \"{name}\"\n{rest}"
                );
            }
        }
        let serving = Serving::with(&format!("{board}[web]\nlisten = \"127.0.0.1:{port}\"\n{web}"));
        wait_for_page(port);
        Self { serving, port, folder, board }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// From now on there is so much of something.
    pub fn has(&self, name: &str, value: &str) {
        self.folder.write(name, value);
    }

    /// `andon status --format json` of the same board.
    pub fn status(&self) -> Value {
        let file = self.folder.write("status.toml", &self.board);
        let output = andon().args(["status", "--format", "json", "--config", &file]).output().unwrap();
        serde_json::from_str(&stdout(&output)).unwrap()
    }

    /// The server is back after it was killed.
    pub fn opens_again(&mut self) {
        self.serving.start_again();
        wait_for_page(self.port);
    }
}
