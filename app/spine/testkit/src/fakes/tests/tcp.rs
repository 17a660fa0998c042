use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use super::{BRIEF, SOON};
use crate::fakes::{Tcp, TcpPlay};

fn connect(tcp: &Tcp) -> TcpStream {
    let stream = TcpStream::connect_timeout(&tcp.address(), SOON).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream
}

#[test]
fn a_port_does_as_it_is_told_also_from_a_blocking_test() {
    let tcp = Tcp::start(TcpPlay::Banner(b"220 hello\r\n".to_vec()));
    let mut said = [0; 11];
    connect(&tcp).read_exact(&mut said).unwrap();
    assert_eq!(&said, b"220 hello\r\n");
    tcp.set(TcpPlay::Echo);
    let mut stream = connect(&tcp);
    stream.write_all(b"ping").unwrap();
    let mut back = [0; 4];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"ping");
    tcp.set(TcpPlay::Close);
    assert_eq!(connect(&tcp).read(&mut said).unwrap(), 0);
    tcp.set(TcpPlay::Reset);
    // The reset may be there before the client has looked at its new connection.
    let reset = TcpStream::connect_timeout(&tcp.address(), SOON).and_then(|mut stream| stream.read(&mut said));
    assert_eq!(reset.unwrap_err().kind(), ErrorKind::ConnectionReset);
    tcp.set(TcpPlay::Hold);
    let mut held = connect(&tcp);
    held.set_read_timeout(Some(BRIEF)).unwrap();
    assert_eq!(held.read(&mut said).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(tcp.connections() >= 5);
}

#[test]
fn a_port_refuses_when_closed_and_listens_again_when_opened() {
    let tcp = Tcp::refused();
    assert_eq!(TcpStream::connect(tcp.address()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    tcp.open();
    connect(&tcp);
    tcp.close();
    assert!(TcpStream::connect(tcp.address()).is_err());
}

#[test]
fn a_black_hole_gives_no_answer() {
    let hole = Tcp::black_hole();
    assert_eq!(TcpStream::connect_timeout(&hole.address(), BRIEF).unwrap_err().kind(), ErrorKind::TimedOut);
}
