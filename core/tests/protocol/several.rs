//! Members of servers that share a room: what they do reaches those of the others.

use std::time::Duration;

use chat_core::{DecodeError, Event, Limits, NodeId, Server, Stamped, Wire};

use crate::servers::{A, B, NOW, Servers, two};
use crate::world::{ANN, BEN};

const CARL: &str = "192.0.2.3:45394";

#[test]
fn everybody_is_listed_on_every_server() {
    let (mut servers, ann, ben) = two();
    let carl = servers.connect(B, CARL);
    servers.say(B, ben, "/name 민수");
    servers.read_all(&[(A, ann), (B, ben), (B, carl)]);
    let list = format!("> 3 users online: 민수, {ANN}, {CARL}\n");
    for (server, id) in [(A, ann), (B, ben), (B, carl)] {
        servers.say(server, id, "/who");
        assert_eq!(servers.hear(server, id), list);
    }
    servers.say(A, ann, "/who 민");
    assert_eq!(servers.hear(A, ann), "> 1 of 3 users online with 민: 민수\n");
    servers.servers[B].disconnect(NOW, ben);
    servers.settle();
    servers.hear(A, ann);
    servers.say(A, ann, "/who");
    assert_eq!(servers.hear(A, ann), format!("> 2 users online: {ANN}, {CARL}\n"));
}

/// When members of other servers came is known there.
#[test]
fn a_host_sees_everybody() {
    let (mut servers, _, ben) = two();
    servers.say(B, ben, "/name 민수");
    servers.seat_host(A);
    servers.console(A);
    servers.host(A, "/who");
    assert_eq!(servers.console(A), format!("> 2 users online\n> 민수 ({BEN})\n> {ANN}\n"));
}

#[test]
fn members_of_two_servers_write_to_each_other() {
    let (mut servers, ann, ben) = two();
    servers.say(B, ben, "/name 민수");
    servers.read_all(&[(A, ann), (B, ben)]);
    servers.say(A, ann, "/msg 민수 안녕");
    assert_eq!(servers.hear(A, ann), "[you -> 민수] 안녕\n");
    assert_eq!(servers.hear(B, ben), format!("[{ANN} -> you] 안녕\n"));
    servers.say(B, ben, "/reply 네");
    assert_eq!(servers.hear(B, ben), format!("[you -> {ANN}] 네\n"));
    assert_eq!(servers.hear(A, ann), "[민수 -> you] 네\n");
    servers.say(A, ann, "/reply 뭐해요?");
    assert_eq!(servers.hear(B, ben), format!("[{ANN} -> you] 뭐해요?\n"));
    // By the address that is not shown any more.
    servers.hear(A, ann);
    servers.say(A, ann, &format!("/msg {BEN} 여기요"));
    assert_eq!(servers.hear(A, ann), "[you -> 민수] 여기요\n");
    assert_eq!(servers.hear(B, ben), format!("[{ANN} -> you] 여기요\n"));
    servers.say(A, ann, &format!("/msg {CARL} 여기요"));
    assert_eq!(servers.hear(A, ann), format!("> There is no {CARL} here\n"));
    assert_eq!(servers.console(A), servers.console(B), "nobody else gets it");

    servers.servers[B].disconnect(NOW, ben);
    servers.settle();
    servers.hear(A, ann);
    servers.say(A, ann, "/reply 거기 있어요?");
    assert_eq!(servers.hear(A, ann), "> Nobody here has written to you\n");
}

/// What is written to somebody is on its way when it leaves.
#[test]
fn who_writes_to_somebody_that_leaves_is_told() {
    let (mut servers, ann, ben) = two();
    servers.servers[A].receive(NOW, ann, format!("/msg {BEN} 안녕\n").as_bytes());
    servers.servers[B].disconnect(NOW, ben);
    let [written, left] = [A, B].map(|at| servers.servers[at].proposals().next().unwrap().to_vec());
    for server in &mut servers.servers {
        for entry in [&left, &written] {
            server.commit(NOW, &Stamped::decode(entry).unwrap());
        }
    }
    servers.settle();
    let left = format!("< The user {BEN} left (1 user online)\n");
    assert_eq!(servers.hear(A, ann), format!("{left}> There is no {BEN} here\n"));
}

/// Only its own server knows what a member has read: that has told who wrote to it.
#[test]
fn who_writes_to_one_that_has_left_too_much_unread_is_told() {
    let (mut servers, ann, ben) = two();
    let long = "가".repeat(1_000);
    let sent = format!("[you -> {BEN}] {long}\n");
    let refused = format!("> {BEN} has left too much unread, and did not get that\n");
    let mut got = 0;
    for _ in 0..12 {
        servers.say(A, ann, &format!("/msg {BEN} {long}"));
        let heard = servers.hear(A, ann);
        if heard == sent {
            got += 1;
        } else {
            assert_eq!(heard, format!("{sent}{refused}"));
        }
    }
    assert!(got > 0 && got < 12, "{got}");
    assert_eq!(servers.hear(B, ben), format!("[{ANN} -> you] {long}\n").repeat(got));
    servers.say(A, ann, &format!("/msg {BEN} 이제는요?"));
    assert_eq!(servers.hear(A, ann), format!("[you -> {BEN}] 이제는요?\n"));
    assert_eq!(servers.hear(B, ben), format!("[{ANN} -> you] 이제는요?\n"));
}

/// Two members behind one address that two servers see as the same.
#[test]
fn of_two_with_one_address_the_first_is_written_to() {
    let (mut servers, ann, _) = two();
    let twin = servers.connect(B, ANN);
    servers.hear(A, ann);
    servers.say(B, twin, &format!("/msg {ANN} 나야"));
    assert_eq!(servers.hear(A, ann), format!("[{ANN} -> you] 나야\n"));
}

#[test]
fn a_name_is_one_members_on_all_servers() {
    let (mut servers, ann, ben) = two();
    // Both at once: the order decides.
    servers.servers[A].receive(NOW, ann, "/name 민수\n".as_bytes());
    servers.servers[B].receive(NOW, ben, "/name 민수\n".as_bytes());
    servers.settle();
    let named = format!("> The user {ANN} is now 민수\n");
    assert_eq!(servers.hear(A, ann), named);
    assert_eq!(servers.hear(B, ben), format!("{named}> The name 민수 is taken; 민수2 is free\n"));
    servers.servers[A].disconnect(NOW, ann);
    servers.settle();
    servers.hear(B, ben);
    servers.say(B, ben, "/name 민수");
    assert_eq!(servers.hear(B, ben), format!("> The user {BEN} is now 민수\n"));
}

#[test]
fn a_host_removes_and_mutes_members_of_other_servers() {
    let (mut servers, ann, ben) = two();
    servers.seat_host(A);
    servers.host(A, &format!("/mute {BEN}"));
    assert_eq!(servers.hear(B, ben), format!("> Host muted {BEN}\n"));
    servers.say(B, ben, "들려요?");
    assert_eq!(servers.hear(B, ben), "> You are muted: that was not said\n");
    servers.host(A, &format!("/unmute {BEN}"));
    servers.say(B, ben, "이제는요?");
    assert!(servers.hear(A, ann).ends_with(&format!("[{BEN}] 이제는요?\n")));
    servers.read_all(&[(A, ann), (B, ben)]);

    servers.host(A, &format!("/kick {BEN} bye"));
    assert_eq!(servers.hear(B, ben), "> Host removed you (bye)\n");
    let lines = format!("> Host removed {BEN} (bye)\n< The user {BEN} left (1 user online)\n");
    assert_eq!(servers.hear(A, ann), lines);
    assert_eq!(servers.console(A), lines);
    assert_eq!(servers.console(B), lines);
    servers.host(A, &format!("/kick {BEN}"));
    assert_eq!(servers.console(A), format!("> There is no {BEN} here\n"));
}

/// The one of the server that a member is at, or else the first that there is.
#[test]
fn members_write_to_a_host_wherever_it_is() {
    let mut servers = Servers::new(3);
    let ann = servers.connect(A, ANN);
    servers.say(A, ann, "/msg Host 계세요?");
    assert!(servers.hear(A, ann).ends_with("> There is no Host here\n"));
    servers.seat_host(2);
    servers.seat_host(B);
    (A..=2).for_each(|server| drop(servers.console(server)));
    servers.say(A, ann, "/msg host 계세요?");
    assert_eq!(servers.hear(A, ann), "[you -> Host] 계세요?\n");
    assert_eq!(servers.console(B), format!("[{ANN} -> you] 계세요?\n"));
    assert_eq!(servers.console(2), "");
    servers.host(B, "/reply 네");
    assert_eq!(servers.hear(A, ann), "[Host -> you] 네\n");
    servers.say(A, ann, "/reply 좋아요");
    assert!(servers.console(B).ends_with(&format!("[{ANN} -> you] 좋아요\n")));

    servers.seat_host(A);
    servers.say(A, ann, "/msg Host 여기는요?");
    assert_eq!(servers.console(A), format!("[{ANN} -> you] 여기는요?\n"));

    servers.servers[A].unseat_host();
    servers.lose(B);
    servers.hear(A, ann);
    servers.say(A, ann, "/msg Host 아무도 없어요?");
    assert_eq!(servers.hear(A, ann), "[you -> Host] 아무도 없어요?\n");
    assert_eq!(servers.console(B), format!("[{ANN} -> you] 아무도 없어요?\n"), "it was the third");
}

#[test]
fn a_room_that_is_full_is_full_on_all_servers() {
    let mut servers = Servers::with(2, &Limits { max_users: 2, ..Limits::default() });
    servers.connect(A, ANN);
    servers.connect(B, BEN);
    for server in [A, B] {
        let refused = servers.servers[server].connect(NOW, CARL.parse().unwrap(), Wire::Lines);
        assert_eq!(
            refused.unwrap_err().to_string(),
            "> The chat server is full (2 users online)\n"
        );
    }
}

/// Gives one server what is proposed, and not the others.
fn commit_at(servers: &mut Servers, at: usize) {
    let proposals = servers.servers.iter().flat_map(Server::proposals);
    let order: Vec<Vec<u8>> = proposals.map(<[u8]>::to_vec).collect();
    for entry in &order {
        servers.servers[at].commit(NOW, &Stamped::decode(entry).unwrap());
    }
}

/// What was said meanwhile is nowhere any more, but how much it was is known.
#[test]
fn a_server_that_fell_behind_goes_on_from_a_snapshot() {
    let (mut servers, ann, ben) = two();
    let [carl, dora, eve] = [CARL, "192.0.2.4:1", "192.0.2.5:1"];
    let carl = servers.connect(A, carl);
    servers.seat_host(B);
    servers.say(B, ben, "아무도 못 읽어요");
    // Carl has read nothing of that, and the others have.
    servers.read_all(&[(A, ann), (B, ben)]);

    let connect = |servers: &mut Servers, addr: &str| {
        servers.servers[A].connect(NOW, addr.parse().unwrap(), Wire::Lines).unwrap()
    };
    let dora = connect(&mut servers, dora);
    servers.servers[A].receive(NOW, ann, "/name 지민\n".as_bytes());
    servers.servers[A].receive(NOW, carl, "저 있어요\n".as_bytes());
    commit_at(&mut servers, B);
    for line in [format!("/kick {CARL}"), "/mute 지민".into(), "/lock".into()] {
        servers.servers[B].host_line(NOW, &line);
        // Of the proposals of the other one all came before.
        let order: Vec<Vec<u8>> = servers.servers[B].proposals().map(<[u8]>::to_vec).collect();
        for entry in &order {
            servers.servers[B].commit(NOW, &Stamped::decode(entry).unwrap());
        }
    }
    let eve = connect(&mut servers, eve);
    while servers.servers[A].poll().is_some() {}
    let snapshot = servers.servers[B].snapshot();
    servers.servers[A].skip_to(NOW, &snapshot).unwrap();
    assert_eq!(servers.servers[A].proposals().count(), 1, "one join is not in it");
    assert_eq!(servers.servers[A].snapshot(), snapshot);

    // Dora's join, a name, a message, three lines for whom the host removed, muted, kept out.
    let skipped = "> 7 messages skipped: this connection reads too slowly\n";
    assert_eq!(servers.hear(A, ann), skipped);
    assert_eq!(servers.console(A), skipped);
    let all = "> Connected to the chat server (3 users online)\n\
               > 8 messages skipped: this connection reads too slowly\n\
               > Host removed you\n";
    assert_eq!(servers.hear(A, carl), all);
    assert_eq!(servers.hear(A, dora), "> Connected to the chat server (3 users online)\n");
    assert_eq!(servers.hear(A, eve), "");
    let mut events = Vec::new();
    while let Some(event) = servers.servers[A].poll() {
        events.push(event);
    }
    assert!(events.contains(&Event::Closed(carl)), "{events:?}");
    assert!(events.contains(&Event::Admitted(dora)), "{events:?}");
    assert!(events.contains(&Event::Grown), "{events:?}");
    assert!(servers.servers[A].budget(NOW, ann) > 0, "its name is decided");
    assert_eq!(servers.servers[A].budget(NOW, carl), 0);

    servers.say(A, ann, "들려요?");
    let entered = "> New user 192.0.2.5:1 entered (4 users online)\n";
    assert_eq!(servers.hear(A, ann), format!("> You are muted: that was not said\n{entered}"));
    servers.say(A, dora, "안녕하세요");
    assert_eq!(servers.hear(A, ann), "[192.0.2.4:1] 안녕하세요\n");
    let said = format!("{entered}[192.0.2.4:1] 안녕하세요\n");
    assert!(servers.console(B).ends_with(&said));
    assert_eq!(servers.console(A), said);
    assert!(servers.hear(A, eve).starts_with("> Connected to the chat server (4 users online)\n"));
}

#[test]
fn a_snapshot_that_was_taken_earlier_changes_nothing() {
    let (mut servers, ann, ben) = two();
    let earlier = servers.servers[A].snapshot();
    servers.say(A, ann, "안녕");
    let now = servers.servers[A].snapshot();
    let refused = servers.servers[A].skip_to(NOW, &earlier);
    assert_eq!(refused, Err(DecodeError::Malformed));
    assert_eq!(servers.servers[A].skip_to(NOW, b""), Err(DecodeError::Malformed));
    assert_eq!(servers.servers[A].snapshot(), now);
    // One of the same place is good, and nothing is missed by it.
    servers.servers[A].skip_to(NOW, &now).unwrap();
    servers.say(B, ben, "네");
    assert_eq!(servers.hear(A, ann), format!("[{BEN}] 네\n"));
}

/// Nobody else gets the name of somebody who may come back, though its server does not.
#[test]
fn a_member_that_may_come_back_outlives_its_server() {
    let mut servers = Servers::new(3);
    let [ann, carl] = [(A, ANN), (B, CARL)].map(|(server, addr)| servers.connect(server, addr));
    let [ben, dora] = [BEN, "192.0.2.4:1"].map(|addr| servers.connect(2, addr));
    servers.say(2, ben, "/name 민수");
    servers.say(2, dora, "/name 지민");
    servers.begin_session(2, ben);
    servers.say(A, ann, "/msg 민수 안녕");
    servers.read_all(&[(A, ann), (B, carl)]);

    servers.lose(2);
    assert_eq!(servers.hear(A, ann), "< 2 users left: their server is gone (2 users online)\n");
    servers.say(A, ann, "/who");
    assert_eq!(servers.hear(A, ann), format!("> 2 users online: {ANN}, {CARL}\n"));
    servers.say(A, ann, "/msg 민수 아직 있어요?");
    assert_eq!(servers.hear(A, ann), "> There is no 민수 here\n");
    servers.say(A, ann, "/name 지민");
    assert_eq!(servers.hear(A, ann), format!("> The user {ANN} is now 지민\n"));
    servers.say(A, ann, "/name 민수");
    assert_eq!(servers.hear(A, ann), "> The name 민수 is taken; 민수2 is free\n");

    // The others forget it, and so does one that begins with a snapshot.
    let snapshot = servers.servers[A].snapshot();
    let mut late = Server::from_snapshot(Limits::default(), NodeId(9), &snapshot).unwrap();
    let kept = NOW + Duration::from_secs(599);
    servers.servers.iter_mut().for_each(|server| server.tick(kept));
    assert!(servers.servers.iter().all(|server| server.proposals().count() == 0));
    let over = NOW + Duration::from_secs(600);
    servers.servers.iter_mut().for_each(|server| server.tick(over));
    assert!(servers.servers.iter().all(|server| server.proposals().count() == 1));
    servers.say(B, carl, "들려요?");
    assert_eq!(servers.hear(A, ann), format!("[{CARL}] 들려요?\n"), "it is no news");
    servers.say(B, carl, "/name 민수");
    assert_eq!(servers.hear(A, ann), format!("> The user {CARL} is now 민수\n"));

    late.tick(over);
    assert_eq!(late.proposals().count(), 0, "it did not know the time when it began");
    late.host_line(over, "hello");
    let said = late.proposals().next().unwrap().to_vec();
    late.commit(over, &Stamped::decode(&said).unwrap());
    late.tick(over + Duration::from_secs(600));
    assert_eq!(late.proposals().count(), 1);
}

/// What a member is called is decided while it leaves.
#[test]
fn who_leaves_is_called_as_everybody_was_told() {
    let (mut servers, ann, ben) = two();
    servers.servers[B].receive(NOW, ben, "/name 민수\n".as_bytes());
    servers.servers[B].disconnect(NOW, ben);
    servers.settle();
    let named = format!("> The user {BEN} is now 민수\n< The user 민수 left (1 user online)\n");
    assert_eq!(servers.hear(A, ann), named);
}

/// Who may come back says again what was not heard, wherever that is; nobody else can.
#[test]
fn what_nobody_says_again_is_counted() {
    let (mut servers, ann, ben) = two();
    servers.begin_session(B, ben);
    let carl = servers.connect(B, CARL);
    let server = &mut servers.servers[B];
    server.receive(NOW, ben, "하나\n둘\n".as_bytes());
    assert_eq!(server.count_unsaid(), 0);
    server.receive(NOW, carl, format!("셋\n/msg {ANN} 넷\n/topic 다섯\n/who\n").as_bytes());
    server.host_line(NOW, "여섯");
    assert_eq!(server.count_unsaid(), 3);
    servers.settle();
    assert_eq!(servers.servers[B].count_unsaid(), 0);
    assert!(servers.hear(A, ann).contains("셋\n"));
}
