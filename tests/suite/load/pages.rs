//! The three kinds of viewers in browsers: what a browser does for a page, without the browser.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::clock::Clock;
use super::seen::Seen;

/// Before a try to connect again.
const PAUSE: Duration = Duration::from_millis(100);
/// What the system holds for a viewer that is stuck, in bytes; it makes it twice that.
const HELD: u32 = 4096;
/// For so long a stuck viewer takes nothing. Until then it was given up: what the system holds is full in less than half of it.
const STUCK: Duration = Duration::from_mins(1);

/// Where the page is, and what is found.
#[derive(Clone)]
pub struct Site {
    pub address: SocketAddr,
    pub seen: Arc<Seen>,
}

/// A row that has changed, as it is sent: its runs are column, columns, style and text.
type Row = (u32, Vec<(u32, u32, u32, String)>);

/// The stream of one page.
struct Page {
    stream: BufReader<TcpStream>,
    clock: Clock,
}

impl Page {
    async fn open(site: &Site, size: (u16, u16), holds: Option<u32>) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        if let Some(holds) = holds {
            socket.set_recv_buffer_size(holds)?;
        }
        let mut stream = socket.connect(site.address).await?;
        let head = format!("GET /stream?size={}x{}& HTTP/1.1\r\nHost: {}\r\n\r\n", size.0, size.1, site.address);
        stream.write_all(head.as_bytes()).await?;
        Ok(Self { stream: BufReader::new(stream), clock: Clock::of(size) })
    }

    /// Looks at the next picture; returns the bytes since the one before.
    async fn picture(&mut self) -> io::Result<usize> {
        let (mut bytes, mut line, mut event) = (0, String::new(), String::new());
        loop {
            line.clear();
            bytes += match self.stream.read_line(&mut line).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => read,
            };
            if let Some(status) = line.strip_prefix("HTTP/1.1 ").filter(|status| !status.starts_with("200 ")) {
                return Err(io::Error::other(status.trim_end().to_owned()));
            }
            if let Some(name) = line.strip_prefix("event: ") {
                name.trim_end().clone_into(&mut event);
            } else if let Some(data) = line.strip_prefix("data: ") {
                match event.as_str() {
                    "picture" => break,
                    "farewell" => return Err(io::Error::other(data.trim_end().to_owned())),
                    _ => {}
                }
            }
        }
        // A thousand pictures a second are not read as a whole: the row of the clock is enough.
        if let Some(at) = line.find(&format!("[{},[[", self.clock.row)) {
            let (_, runs) = serde_json::Deserializer::from_str(&line[at..]).into_iter::<Row>().next().unwrap()?;
            for (column, _, _, text) in &runs {
                self.clock.look(*column, text);
            }
        }
        Ok(bytes)
    }

    /// The first picture after a connection; an error where it is not let in.
    async fn first(site: &Site, size: (u16, u16), holds: Option<u32>) -> io::Result<Self> {
        let mut page = Self::open(site, size, holds).await?;
        site.seen.picture(page.picture().await?);
        Ok(page)
    }

    /// The same, as often as it takes.
    async fn patiently(site: &Site, size: (u16, u16), holds: Option<u32>) -> Self {
        loop {
            match Self::first(site, size, holds).await {
                Ok(page) => return page,
                Err(why) => site.seen.refused(&why),
            }
            sleep(PAUSE).await;
        }
    }
}

/// Takes every picture at once, for ever; it never comes again, because it must never have to.
pub async fn steady(site: Site, size: (u16, u16)) {
    let mut page = Page::patiently(&site, size, None).await;
    site.seen.arrived();
    let (mut last, mut came) = (0, Instant::now());
    let why = loop {
        match page.picture().await {
            Ok(bytes) => {
                let pause = came.elapsed();
                came = Instant::now();
                site.seen.picture(bytes);
                let second = page.clock.second();
                site.seen.steady(second, second > last, pause);
                last = last.max(second);
            }
            Err(why) => break why.to_string(),
        }
    };
    site.seen.lost(why);
}

/// Takes nothing after its first picture: the server gives it up, and it comes again.
pub async fn stuck(site: Site, size: (u16, u16)) {
    let mut is_first = true;
    loop {
        let mut page = Page::patiently(&site, size, Some(HELD)).await;
        if std::mem::take(&mut is_first) {
            site.seen.arrived();
        }
        sleep(STUCK).await;
        // What is left is the little that the system holds, and then the end.
        let rest = timeout(PAUSE * 10, page.stream.read_to_end(&mut Vec::new())).await;
        if rest.is_ok() {
            site.seen.given_up();
        } else {
            site.seen.unasked();
        }
    }
}

/// Leaves and comes again each second.
pub async fn restless(site: Site, size: (u16, u16)) {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut page: Option<Page> = None;
    let mut is_first = true;
    loop {
        seconds.tick().await;
        drop(page.take());
        let begin = Instant::now();
        match timeout(Duration::from_secs(10), Page::first(&site, size, None)).await {
            Ok(Ok(here)) => {
                page = Some(here);
                site.seen.came_again(begin.elapsed());
                if std::mem::take(&mut is_first) {
                    site.seen.arrived();
                }
            }
            Ok(Err(why)) => site.seen.refused(&why),
            Err(late) => site.seen.refused(&late.into()),
        }
    }
}
