//! Which name is offered.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString as _};
use core::cell::Cell;
use core::iter;

use super::*;

#[test]
fn the_next_free_name() {
    let with = |taken: &[&str], wanted: &str| {
        let taken: BTreeSet<Skeleton> =
            taken.iter().flat_map(|text| skeletons_of(&name(text))).collect();
        free_like(&name(wanted), |skeleton| taken.contains(skeleton)).map(|name| name.to_string())
    };
    for (taken, wanted, free) in [
        (&[][..], "지민", "지민"),
        (&["민수"], "지민", "지민"),
        (&["지민"], "지민", "지민2"),
        (&["지민", "지민2"], "지민", "지민3"),
        (&["지민", "지민2", "지민3", "지민4", "지민5"], "지민", "지민6"),
        (&["지민2"], "지민2", "지민3"),
        (&["지민9"], "지민9", "지민10"),
        (&["user2024"], "user2024", "user2024-2"),
        (&["7"], "7", "7-2"),
        (&["bob"], "BOB", "BOB2"),
        (&["a_"], "a_", "a_2"),
        // Cut between graphemes, and counted in the digits that it has.
        (&["가나다라마바사아자차"], "가나다라마바사아자차", "가나다라마바사아자2"),
        (&["abcdefghijklmnopqrst"], "abcdefghijklmnopqrst", "abcdefghijklmnopqrs2"),
        (&["ก11กกั้กั้กั้กั้กั้กั้กั้กั้"], "ก11กกั้กั้กั้กั้กั้กั้กั้กั้", "ก11กกั้กั้กั้กั้กั้กั้กั้2"),
        (&["محمد٢"], "محمد٢", "محمد٣"),
        (&["राम"], "राम", "राम2"),
        (&["กั้งกั้งกั้งกั้งกั้งกั้ง"], "กั้งกั้งกั้งกั้งกั้งกั้ง", "กั้งกั้งกั้งกั้งกั้งกั้ง2"),
    ] {
        assert_eq!(with(taken, wanted).as_deref(), Some(free), "{wanted}");
    }
}

/// However many are taken, few are looked at.
#[test]
fn a_free_name_is_found_soon() {
    let looked_at = Cell::new(0);
    let taken = iter::once(String::new()).chain((2..3000).map(|number| number.to_string()));
    let taken: BTreeSet<Skeleton> =
        taken.flat_map(|number| skeletons_of(&name(&format!("Ann{number}")))).collect();
    let free = free_like(&name("ann"), |skeleton| {
        looked_at.set(looked_at.get() + 1);
        taken.contains(skeleton)
    });
    assert_eq!(free, Some(name("ann3000")));
    assert!(looked_at.get() <= 60, "{}", looked_at.get());

    looked_at.set(0);
    let free = free_like(&name("ann"), |_| {
        looked_at.set(looked_at.get() + 1);
        true
    });
    assert_eq!(free, None);
    assert!(looked_at.get() <= 60, "{}", looked_at.get());
}
