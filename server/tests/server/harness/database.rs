//! The database of a test: a SQLite file, or, where `OAUTH_SYNC_TEST_DATABASE=postgres` says so, a database of its own on a
//! PostgreSQL that this test binary starts once.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// A PostgreSQL of the tests' own. It ends when this process does, however that comes.
pub struct Cluster {
    /// Its address, up to the database's name.
    pub url: String,
    /// None once it is to end.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    process: Child,
}

impl Cluster {
    pub fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/postgres.sh");
        let mut process = Command::new("sh")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut cluster = Self {
            url: String::new(),
            commands: process.stdin.take(),
            answers: BufReader::new(process.stdout.take().unwrap()),
            process,
        };
        cluster.url = cluster.answer();
        assert!(!cluster.url.is_empty(), "PostgreSQL did not start");
        cluster
    }

    /// As if its machine lost power.
    pub fn stop(&mut self) {
        self.tell("stop");
    }

    pub fn start_again(&mut self) {
        self.tell("start");
    }

    fn tell(&mut self, command: &str) {
        writeln!(self.commands.as_mut().unwrap(), "{command}").unwrap();
        assert_eq!(self.answer(), format!("{command}: done"));
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The end of its standard input is what it waits for; its directory is gone when it has ended.
        self.commands = None;
        let _reaped = self.process.wait();
    }
}

/// The one that the tests of this binary share, each with a database of its own.
fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(Cluster::start)
}

/// Whether the tests are to run on PostgreSQL.
pub fn is_postgres() -> bool {
    match std::env::var("OAUTH_SYNC_TEST_DATABASE").as_deref() {
        Err(_) | Ok("sqlite") => false,
        Ok("postgres") => true,
        Ok(other) => panic!("OAUTH_SYNC_TEST_DATABASE is {other}: sqlite or postgres"),
    }
}

/// A new database on the shared PostgreSQL; its address.
pub async fn postgres() -> String {
    postgres_on(&shared().url).await
}

/// A new database on the PostgreSQL at `url`; its address.
pub async fn postgres_on(url: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let mut connection = PgConnection::connect(&format!("{url}postgres"))
        .await
        .unwrap();
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    format!("{url}{name}")
}

/// A database, empty until a store opens it.
pub enum Home {
    File(TempDir),
    Postgres(String),
}

impl Home {
    pub async fn chosen() -> Self {
        if is_postgres() {
            Self::Postgres(postgres().await)
        } else {
            Self::File(tempfile::tempdir().unwrap())
        }
    }

    /// As the configuration and the command line name it.
    pub fn setting(&self) -> PathBuf {
        match self {
            Self::File(directory) => directory.path().join("test.db"),
            Self::Postgres(url) => PathBuf::from(url),
        }
    }

    /// A connection beside the store's, for what no store does.
    pub async fn connect(&self) -> Raw {
        match self {
            Self::File(_) => {
                let url = format!("sqlite://{}", self.setting().display());
                Raw::Sqlite(SqliteConnection::connect(&url).await.unwrap())
            }
            Self::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::query("SET search_path = oauth_sync")
                    .execute(&mut connection)
                    .await
                    .unwrap();
                Raw::Postgres(connection)
            }
        }
    }
}

/// A connection beside a store's. When it is dropped, what it holds is let go.
pub enum Raw {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Raw {
    /// Runs a statement that both databases understand; how many rows it changed, or the refusal.
    pub async fn run(&mut self, sql: &str) -> Result<u64, String> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self {
            Self::Sqlite(it) => query.execute(it).await.map(|done| done.rows_affected()),
            Self::Postgres(it) => query.execute(it).await.map(|done| done.rows_affected()),
        }
        .map_err(|error| error.to_string())
    }

    /// Lets nobody write until this is dropped. Reads go on.
    pub async fn block_writes(&mut self) {
        let statement = match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => {
                "BEGIN; LOCK TABLE flows, connections, attempts, revocations IN EXCLUSIVE MODE"
            }
        };
        self.run(statement).await.unwrap();
    }

    /// Everything that the tables hold, as text.
    pub async fn dump(&mut self) -> String {
        const TABLES: [&str; 5] = ["people", "connections", "flows", "attempts", "revocations"];
        let Self::Postgres(connection) = self else {
            unreachable!("a file is read as it is")
        };
        let mut all = String::new();
        // So that bytes which are text are shown as text.
        sqlx::query("SET bytea_output = 'escape'")
            .execute(&mut *connection)
            .await
            .unwrap();
        for table in TABLES {
            let rows = sqlx::query(AssertSqlSafe(format!(
                "SELECT row_to_json(it)::TEXT FROM {table} AS it"
            )))
            .fetch_all(&mut *connection)
            .await
            .unwrap();
            for row in rows {
                all += row.get(0);
                all += "\n";
            }
        }
        all
    }
}
