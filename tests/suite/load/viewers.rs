//! Three kinds of viewers at a socket: steady ones, those that never say that they have shown anything, and those that leave and come.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use andon::output::socket::framing::{LONGEST_OF_SERVER, framed, next};
use andon::output::socket::message::{
    Extent, Farewell, FromServer, FromViewer, Hello, Picture, Shown, ToServer, ToViewer, VERSION,
};
use prost::Message as _;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::clock::Clock;
use super::seen::Seen;

/// Before a try to connect again.
const PAUSE: Duration = Duration::from_millis(100);

/// Where viewers connect, and what is found.
#[derive(Clone)]
pub struct Board {
    pub socket: PathBuf,
    pub seen: Arc<Seen>,
}

/// One connection.
struct Eyes {
    stream: BufReader<UnixStream>,
    clock: Clock,
}

impl Eyes {
    async fn open(board: &Board, size: (u16, u16)) -> io::Result<Self> {
        let stream = UnixStream::connect(&board.socket).await?;
        let mut eyes = Self { stream: BufReader::new(stream), clock: Clock::of(size) };
        let size = Some(Extent::of(size));
        eyes.say(FromViewer::Hello(Hello { version: VERSION, size, depth: 3, ..Hello::default() })).await?;
        Ok(eyes)
    }

    async fn say(&mut self, what: FromViewer) -> io::Result<()> {
        self.stream.write_all(&framed(&ToServer { what: Some(what) })).await
    }

    /// The next picture, and the bytes since the one before; the last word where there is none.
    async fn picture(&mut self) -> io::Result<Result<(Picture, usize), Farewell>> {
        let mut bytes = 0;
        loop {
            let message: Option<ToViewer> = next(&mut self.stream, LONGEST_OF_SERVER).await?;
            let message = message.ok_or(io::ErrorKind::UnexpectedEof)?;
            bytes += 4 + message.encoded_len();
            match message.what {
                Some(FromServer::Picture(picture)) => return Ok(Ok((picture, bytes))),
                Some(FromServer::Farewell(farewell)) => return Ok(Err(farewell)),
                _ => {}
            }
        }
    }

    /// The first picture after a connection; an error where it is not let in.
    async fn first(board: &Board, size: (u16, u16)) -> io::Result<Self> {
        let mut eyes = Self::open(board, size).await?;
        let (picture, bytes) = eyes.picture().await?.map_err(|last| io::Error::other(last.why))?;
        board.seen.picture(bytes);
        look(&mut eyes.clock, &picture);
        Ok(eyes)
    }

    /// The same, as often as it takes.
    async fn patiently(board: &Board, size: (u16, u16)) -> Self {
        loop {
            match Self::first(board, size).await {
                Ok(eyes) => return eyes,
                Err(why) => board.seen.refused(&why),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Shows every picture at once, for ever; it never comes again, because it must never have to.
pub async fn steady(board: Board, size: (u16, u16)) {
    let mut eyes = Eyes::patiently(&board, size).await;
    board.seen.arrived();
    let (mut last, mut came) = (0, Instant::now());
    let why = loop {
        if let Err(why) = eyes.say(FromViewer::Shown(Shown {})).await {
            break why.to_string();
        }
        match eyes.picture().await {
            Ok(Ok((picture, bytes))) => {
                let pause = came.elapsed();
                came = Instant::now();
                board.seen.picture(bytes);
                look(&mut eyes.clock, &picture);
                let second = eyes.clock.second();
                board.seen.steady(second, second > last, pause);
                last = last.max(second);
            }
            Ok(Err(farewell)) => break farewell.why,
            Err(why) => break why.to_string(),
        }
    };
    board.seen.lost(why);
}

/// Never says that a picture is shown: the server gives it up, and it comes again.
pub async fn stuck(board: Board, size: (u16, u16)) {
    let mut is_first = true;
    loop {
        let mut eyes = Eyes::patiently(&board, size).await;
        if std::mem::take(&mut is_first) {
            board.seen.arrived();
        }
        while let Ok(Ok(_)) = eyes.picture().await {
            board.seen.unasked();
        }
        board.seen.given_up();
    }
}

/// Leaves and comes again each second.
pub async fn restless(board: Board, size: (u16, u16)) {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut eyes: Option<Eyes> = None;
    let mut is_first = true;
    loop {
        seconds.tick().await;
        drop(eyes.take());
        let begin = Instant::now();
        match timeout(Duration::from_secs(10), Eyes::first(&board, size)).await {
            Ok(Ok(here)) => {
                eyes = Some(here);
                board.seen.came_again(begin.elapsed());
                if std::mem::take(&mut is_first) {
                    board.seen.arrived();
                }
            }
            Ok(Err(why)) => board.seen.refused(&why),
            Err(late) => board.seen.refused(&late.into()),
        }
    }
}

fn look(clock: &mut Clock, picture: &Picture) {
    let row = clock.row;
    picture.runs.iter().filter(|run| run.row == row).for_each(|run| clock.look(run.column, &run.text));
}
