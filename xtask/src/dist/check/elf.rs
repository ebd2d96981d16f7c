//! Each executable needs nothing but a kernel.

use object::elf::{
    DF_1_PIE, DT_FLAGS_1, DT_NEEDED, DynamicFlags1, Machine, PF_W, PF_X, PT_GNU_STACK, PT_INTERP,
    PT_LOAD,
};
use object::read::elf::{Dyn, ElfFile, FileHeader, ProgramHeader};
use object::{Endianness, FileKind, elf};

use super::super::target::Target;
use crate::shell::Outcome;

/// The properties of an executable that are checked.
struct Facts {
    machine: Machine,
    has_interpreter: bool,
    has_needed: bool,
    is_position_independent: bool,
    /// Whether the stack, or any other writable memory, can be executed.
    can_execute_data: bool,
}

pub(super) fn check(target: Target, bytes: &[u8]) -> Outcome<()> {
    let facts = match FileKind::parse(bytes)? {
        FileKind::Elf64 => facts::<elf::FileHeader64<Endianness>>(bytes)?,
        FileKind::Elf32 => facts::<elf::FileHeader32<Endianness>>(bytes)?,
        kind => return Err(format!("{}: the executable is {kind:?}", target.triple()).into()),
    };
    let machine = match target {
        Target::X86_64 => elf::EM_X86_64,
        Target::Aarch64 => elf::EM_AARCH64,
        Target::I686 => elf::EM_386,
    };
    // Rust links the other targets at fixed addresses.
    let wants_position_independence = target == Target::X86_64;
    for (is_wrong, what) in [
        (facts.machine != machine, "is for another processor"),
        (facts.has_interpreter, "needs an interpreter"),
        (facts.has_needed, "needs libraries"),
        (facts.can_execute_data, "has memory that can be written and executed"),
        (
            wants_position_independence && !facts.is_position_independent,
            "is not position-independent",
        ),
    ] {
        if is_wrong {
            return Err(format!("{}: the executable {what}", target.triple()).into());
        }
    }
    Ok(())
}

fn facts<Header: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> Outcome<Facts> {
    let file = ElfFile::<Header>::parse(bytes)?;
    let (endian, header) = (file.endian(), file.elf_header());
    let mut facts = Facts {
        machine: header.e_machine(endian),
        has_interpreter: false,
        has_needed: false,
        is_position_independent: false,
        // Without PT_GNU_STACK the stack can be executed.
        can_execute_data: true,
    };
    let mut writes_and_executes = false;
    for segment in file.elf_program_headers() {
        let flags = segment.p_flags(endian);
        match segment.p_type(endian) {
            PT_INTERP => facts.has_interpreter = true,
            PT_GNU_STACK => facts.can_execute_data = flags.contains(PF_X),
            PT_LOAD => writes_and_executes |= flags.contains(PF_X | PF_W),
            _ => {}
        }
        for entry in segment.dynamic(endian, bytes)?.unwrap_or_default() {
            let (tag, flags) = (entry.d_tag(endian), DynamicFlags1(entry.val(endian)));
            facts.has_needed |= tag == DT_NEEDED;
            facts.is_position_independent |= tag == DT_FLAGS_1 && flags.contains(DF_1_PIE);
        }
    }
    facts.can_execute_data |= writes_and_executes;
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fs_err as fs;
    use std::env;

    /// On most systems this test itself is such an executable.
    #[test]
    #[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
    fn one_that_needs_an_interpreter_is_found() {
        let bytes = fs::read(env::current_exe().unwrap()).unwrap();
        let error = check(Target::X86_64, &bytes).unwrap_err().to_string();
        assert!(error.ends_with("needs an interpreter"), "{error}");
        let error = check(Target::Aarch64, &bytes).unwrap_err().to_string();
        assert!(error.ends_with("is for another processor"), "{error}");
        let facts = facts::<elf::FileHeader64<Endianness>>(&bytes).unwrap();
        assert!(facts.has_needed && facts.is_position_independent && !facts.can_execute_data);
    }
}
