//! `[listen.*]`: the sockets that the server opens.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::read::Reader;
use super::server::{ADDRESS, address};

/// A listener, by what it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListenName {
    /// The studio and every dialect under one origin.
    Main,
    /// The interactive world's HTTP interface.
    Gamecraft,
    /// The interactive world's page.
    GamecraftPage,
    /// Metrics and administration.
    Admin,
}

impl ListenName {
    /// Every listener, in the order in which they are announced.
    pub const ALL: [Self; 4] = [
        Self::Main,
        Self::Gamecraft,
        Self::GamecraftPage,
        Self::Admin,
    ];

    /// The name in keys and metric labels, such as `gamecraft_page`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Gamecraft => "gamecraft",
            Self::GamecraftPage => "gamecraft_page",
            Self::Admin => "admin",
        }
    }

    /// The table in the configuration, such as `listen.gamecraft_page`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Main => "listen.main",
            Self::Gamecraft => "listen.gamecraft",
            Self::GamecraftPage => "listen.gamecraft_page",
            Self::Admin => "listen.admin",
        }
    }
}

impl fmt::Display for ListenName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// One listener's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// Which listener it is.
    pub name: ListenName,
    /// Whether it is opened.
    pub enabled: bool,
    /// Where; port 0 lets the system choose.
    pub addr: SocketAddr,
}

impl Listen {
    /// The key to change when the port is taken, such as `listen.main.port`.
    pub fn port_key(&self) -> String {
        format!("{}.port", self.name.key())
    }

    fn read(reader: &mut Reader<'_>, name: ListenName, default_host: IpAddr) -> Self {
        let key = |leaf: &str| format!("{}.{leaf}", name.key());
        let own_or_default = |text: &str| match text {
            "" => Some(default_host),
            text => address(text),
        };
        let host = reader.text(&key("host"), ADDRESS, default_host, own_or_default);
        let port = reader.number(&key("port"), 0..=u16::MAX);
        let enabled = reader.switch(&key("enabled"));
        Self {
            name,
            enabled,
            addr: SocketAddr::new(host, port),
        }
    }
}

/// Every listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listeners {
    /// The studio and every dialect under one origin.
    pub main: Listen,
    /// The interactive world's HTTP interface.
    pub gamecraft: Listen,
    /// The interactive world's page.
    pub gamecraft_page: Listen,
    /// Metrics and administration. An empty host means loopback here, not `server.host`.
    pub admin: Listen,
}

impl Listeners {
    pub(super) fn read(reader: &mut Reader<'_>, host: IpAddr) -> Self {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self {
            main: Listen::read(reader, ListenName::Main, host),
            gamecraft: Listen::read(reader, ListenName::Gamecraft, host),
            gamecraft_page: Listen::read(reader, ListenName::GamecraftPage, host),
            admin: Listen::read(reader, ListenName::Admin, loopback),
        }
    }

    /// One listener's settings.
    pub fn get(&self, name: ListenName) -> &Listen {
        match name {
            ListenName::Main => &self.main,
            ListenName::Gamecraft => &self.gamecraft,
            ListenName::GamecraftPage => &self.gamecraft_page,
            ListenName::Admin => &self.admin,
        }
    }

    /// Those that are opened, in the order of [`ListenName::ALL`].
    pub fn enabled(&self) -> impl Iterator<Item = &Listen> {
        ListenName::ALL
            .iter()
            .map(|name| self.get(*name))
            .filter(|listen| listen.enabled)
    }
}
