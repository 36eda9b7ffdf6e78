//! A TLS server on loopback with a certificate of any kind, and the authority that signed it.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    Good,
    Expired,
    NotYetValid,
    ForAnotherName,
    FromAStranger,
}

pub struct TlsServer {
    pub address: SocketAddr,
    /// The authority that boards are told to trust, in PEM.
    pub authority: String,
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

impl TlsServer {
    /// Answers every request with this body.
    pub async fn start(kind: Certificate, body: &'static str) -> Self {
        let (trusted, stranger) = (authority(), authority());
        let name = if kind == Certificate::ForAnotherName { "elsewhere.test" } else { "localhost" };
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.not_before, params.not_after) = match kind {
            Certificate::Expired => (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1)),
            Certificate::NotYetValid => (date_time_ymd(2090, 1, 1), date_time_ymd(2091, 1, 1)),
            _ => (date_time_ymd(2020, 1, 1), date_time_ymd(2090, 1, 1)),
        };
        let key = KeyPair::generate().unwrap();
        let issuer = if kind == Certificate::FromAStranger { &stranger } else { &trusted };
        let certificate = params.signed_by(&key, issuer).unwrap();
        let _installed_before = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // A client that does not trust us goes away in the middle.
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut head = [0; 4096];
                    let _request = stream.read(&mut head).await;
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                        body.len()
                    );
                    let _sent = stream.write_all(answer.as_bytes()).await;
                    let _closed = stream.shutdown().await;
                });
            }
        });
        Self { address, authority: trusted.pem() }
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}/x", self.address.port())
    }
}
