//! A real Caddy or nginx on loopback before the page of a board, from the file that is shipped.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rcgen::{CertificateParams, KeyPair};
use reqwest::{Certificate, Client, RequestBuilder};

use super::folder::Folder;
use super::prometheus::free_port;
use super::sshd::{shipped, wait};

/// The name in the files that are shipped.
pub const NAME: &str = "board.example.com";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Caddy,
    Nginx,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Caddy, Self::Nginx];

    const fn program(self) -> &'static str {
        match self {
            Self::Caddy => "/usr/bin/caddy",
            Self::Nginx => "/usr/sbin/nginx",
        }
    }
}

/// Whether both are installed; says so when they are not.
pub fn is_here(test: &str) -> bool {
    super::installed::is_there(test, &Kind::ALL.map(|kind| PathBuf::from(kind.program())))
}

/// A proxy; it ends when this is dropped.
pub struct Proxy {
    port: u16,
    certificate: String,
    process: Child,
    _folder: Folder,
}

impl Proxy {
    /// Before a page at this port.
    pub fn start(kind: Kind, page: u16) -> Self {
        let (folder, port) = (Folder::new(), free_port());
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![NAME.to_owned()]).unwrap().self_signed(&key).unwrap().pem();
        folder.write("fullchain.pem", &certificate);
        folder.write("key.pem", &key.serialize_pem());
        let process = match kind {
            Kind::Caddy => caddy(&folder, port, page),
            Kind::Nginx => nginx(&folder, port, page),
        };
        wait("the proxy", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { port, certificate, process, _folder: folder }
    }

    /// Somebody who trusts its certificate, and finds its name here.
    pub fn client(&self) -> Client {
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let trusted = Certificate::from_pem(self.certificate.as_bytes()).unwrap();
        Client::builder().resolve(NAME, address).tls_certs_only([trusted]).build().unwrap()
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    pub fn get(&self, client: &Client, path: &str) -> RequestBuilder {
        client.get(format!("https://{NAME}:{}{path}", self.port))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// The file that is shipped, with other files, ports and addresses; each of these is there.
fn adapted(name: &str, folder: &Folder, changes: &[(&str, String)]) -> String {
    let own = |file: &str| (format!("/etc/ssl/andon/{file}"), folder.path().join(file).display().to_string());
    let files = ["fullchain.pem", "key.pem"].map(own);
    let files = files.iter().map(|(from, to)| (from.as_str(), to));
    let all = files.chain(changes.iter().map(|(from, to)| (*from, to)));
    all.fold(shipped(name), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{name} has no '{from}', or several");
        text.replace(from, to)
    })
}

fn caddy(folder: &Folder, port: u16, page: u16) -> Child {
    let site = adapted(
        "packaging/Caddyfile",
        folder,
        &[
            ("board.example.com {", format!("{NAME}:{port} {{\n\tbind 127.0.0.1")),
            ("127.0.0.1:7669", format!("127.0.0.1:{page}")),
            ("#tls", "tls".to_owned()),
        ],
    );
    let file = folder.write("Caddyfile", &format!("{{\n\tadmin off\n\thttp_port {}\n}}\n{site}", free_port()));
    let mut command = Command::new(Kind::Caddy.program());
    command.args(["run", "--adapter", "caddyfile", "--config", &file]);
    for variable in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
        command.env(variable, folder.path());
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn nginx(folder: &Folder, port: u16, page: u16) -> Child {
    let site = adapted(
        "packaging/nginx-andon.conf",
        folder,
        &[("listen 443 ssl", format!("listen 127.0.0.1:{port} ssl")), ("127.0.0.1:7669", format!("127.0.0.1:{page}"))],
    );
    let place = folder.path().display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary: String = temporary.iter().map(|name| format!("{name}_temp_path {place}/{name};\n")).collect();
    let text = format!(
        "daemon off;\nmaster_process off;\npid {place}/pid;\nerror_log {place}/error.log;\nevents {{}}\n\
         http {{\naccess_log off;\n{temporary}{site}\n}}\n"
    );
    let file = folder.write("nginx.conf", &text);
    let log = format!("{place}/error.log");
    let mut command = Command::new(Kind::Nginx.program());
    command.args(["-p", &place.to_string(), "-c", &file, "-e", &log]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}
