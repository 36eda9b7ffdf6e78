//! What somebody does and sees in a real browser.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::pty::PATIENCE;
use super::webdriver::Session;

pub const TAB: &str = "\u{e004}";
pub const ENTER: &str = "\u{e007}";
pub const ESCAPE: &str = "\u{e00c}";

/// The rows of the board, as they are drawn.
const TEXT: &str = "return Array.from(document.getElementById('board').children, (row) => row.textContent).join('\\n')";
const TOLD: &str = "return Array.from(document.getElementById('panels').children, (item) => item.textContent)";
/// Where some words stand in the window: their middle.
const PLACE: &str = "
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const at = node.data.indexOf(arguments[0]);
        if (at < 0) continue;
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + arguments[0].length);
        const box = range.getBoundingClientRect();
        if (box.width) return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)];
    }
    return null;";

pub struct Browser {
    session: Session,
}

impl Browser {
    /// A browser that looks at an address.
    #[track_caller]
    pub fn at(url: &str) -> Self {
        let browser = Self { session: Session::start() };
        browser.go(url);
        browser
    }

    #[track_caller]
    pub fn go(&self, url: &str) {
        self.session.command("/url", &json!({ "url": url }));
    }

    /// Another window of the same browser, which is the one from now on.
    #[track_caller]
    pub fn new_window(&self) {
        let made = self.session.command("/window/new", &json!({ "type": "window" }));
        self.session.command("/window", &json!({ "handle": made["handle"] }));
    }

    /// What a script returns.
    #[track_caller]
    pub fn run(&self, script: &str, arguments: &[&str]) -> Value {
        self.session.command("/execute/sync", &json!({ "script": script, "args": arguments }))
    }

    #[track_caller]
    pub fn devtools(&self, name: &str, parameters: &Value) -> Value {
        self.session.devtools(name, parameters)
    }

    #[track_caller]
    pub fn text(&self) -> String {
        self.run(TEXT, &[]).as_str().unwrap().to_owned()
    }

    /// The address as somebody copies it.
    #[track_caller]
    pub fn address(&self) -> String {
        self.run("return location.href", &[]).as_str().unwrap().to_owned()
    }

    /// Waits until a script returns true.
    #[track_caller]
    pub fn wait(&self, what: &str, script: &str) {
        self.wait_until(what, || self.run(script, &[]) == true);
    }

    /// Waits until the board shows something.
    #[track_caller]
    pub fn sees(&self, what: &str, is_so: impl Fn(&str) -> bool) {
        self.wait_until(what, || is_so(&self.text()));
    }

    /// Waits until what is told of the panels is something.
    #[track_caller]
    pub fn hears(&self, what: &str, is_so: impl Fn(&[String]) -> bool) {
        self.wait_until(what, || {
            let told = self.run(TOLD, &[]);
            is_so(&serde_json::from_value::<Vec<String>>(told).unwrap())
        });
    }

    #[track_caller]
    fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begin = Instant::now();
        while !is_so() {
            assert!(begin.elapsed() < PATIENCE, "waited for {what} at {}; the board:\n{}", self.address(), self.text());
            // Each turn looks again; there is nothing to be woken by.
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Presses keys, one after the other.
    #[track_caller]
    pub fn press(&self, keys: &str) {
        let steps: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|what| json!({ "type": what, "value": key })))
            .collect();
        self.act(&json!({ "type": "key", "id": "keys", "actions": steps }));
    }

    /// Clicks in the middle of some words, as soon as they are there.
    #[track_caller]
    pub fn click(&self, words: &str) {
        self.wait_until(words, || self.run(PLACE, &[words]).is_array());
        let place = self.run(PLACE, &[words]);
        let steps = json!([
            { "type": "pointerMove", "duration": 0, "x": place[0], "y": place[1] },
            { "type": "pointerDown", "button": 0 },
            { "type": "pointerUp", "button": 0 },
        ]);
        self.act(&json!({ "type": "pointer", "id": "mouse", "actions": steps }));
    }

    #[track_caller]
    fn act(&self, one: &Value) {
        self.session.command("/actions", &json!({ "actions": [one] }));
    }

    /// A screen of another size, in CSS pixels.
    #[track_caller]
    pub fn screen(&self, (width, height): (u32, u32), is_phone: bool) {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone });
        self.devtools("Emulation.setDeviceMetricsOverride", &screen);
    }

    /// A system that is set to `light` or `dark`.
    #[track_caller]
    pub fn scheme(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// What a screen reader is told: role and name of everything that has a name.
    #[track_caller]
    pub fn heard(&self) -> Vec<(String, String)> {
        let tree = self.devtools("Accessibility.getFullAXTree", &json!({}));
        let text = |node: &Value, of: &str| node[of]["value"].as_str().unwrap_or_default().to_owned();
        let nodes = tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] != true);
        nodes.map(|node| (text(node, "role"), text(node, "name"))).filter(|(_, name)| !name.is_empty()).collect()
    }

    /// What the browser has complained of since the last time: its sources (`security`, `javascript`, `network` ...) and
    /// the messages.
    #[track_caller]
    pub fn complaints(&self) -> Vec<(String, String)> {
        let all = self.session.command("/se/log", &json!({ "type": "browser" }));
        let text = |entry: &Value, of: &str| entry[of].as_str().unwrap().to_owned();
        all.as_array().unwrap().iter().map(|entry| (text(entry, "source"), text(entry, "message"))).collect()
    }
}
