import CPU
import Layout
import MMU
import Testing

/// What bytes are, and in which mode (SDM Vol. 2, "Instruction Format", "Opcode Map").
@Suite struct DecodingTests {
  private let decoder: Decoder

  init() throws { decoder = try Decoder(timing: try #require(try TimingTable.named("unit"))) }

  /// The bytes, with nothing but NOPs behind them.
  private func identify(_ bytes: [UInt8], _ kind: CodeKind) throws -> IdentifiedEncoding {
    try #require((bytes + [UInt8](repeating: 0x90, count: 16)).withUnsafeBytes { decoder.identify($0, as: kind) })
  }

  /// Prefixes that an encoding does not have are ignored, or #UD where the opcode map has mandatory ones there.
  @Test func prefixes() throws {
    for kind in CodeKind.allCases {
      for prefix: UInt8 in [0x66, 0xF2, 0xF3] {
        #expect(try identify([prefix, 0x0F, 0x77], kind).standing == .undefined, "EMMS has none")
        #expect(try identify([prefix, 0x0F, 0xA2], kind).opcode?.mnemonic == "CPUID")
        #expect(try identify([prefix, 0xF1], kind).opcode?.mnemonic == "INT1")
      }
      #expect(try identify([0xF2, 0x0F, 0xC7, 0xF0], kind).standing == .undefined, "RDRAND")
      #expect(try identify([0x66, 0x0F, 0xC7, 0xF0], kind).opcode?.mnemonic == "RDRAND")
      #expect(try identify([0xF3, 0x0F, 0xC7, 0xF8], kind).opcode?.mnemonic == "RDPID")
      #expect(try identify([0xF2, 0x0F, 0xBC, 0xC1], kind).opcode?.mnemonic == "BSF")
      // F2 and F3, the last of them, come before 66.
      #expect(try identify([0xF3, 0x66, 0x0F, 0x38, 0xF6, 0xC1], kind).opcode?.mnemonic == "ADOX")
      #expect(try identify([0x66, 0xF2, 0xF3, 0x0F, 0xB8, 0xC1], kind).opcode?.mnemonic == "POPCNT")
      #expect(try identify([0xF3, 0xF2, 0x0F, 0xB8, 0xC1], kind).standing == .undefined)
    }
  }

  /// "LOCK—Assert LOCK# Signal Prefix" (SDM Vol. 2A).
  @Test func lock() throws {
    for kind in CodeKind.allCases {
      #expect(try identify([0xF0, 0x00, 0x07], kind).standing == .executed)
      for bytes: [UInt8] in [
        [0x00, 0xC0], [0x02, 0x07], [0x88, 0x07], [0x90], [0x0F, 0x0B], [0x0F, 0xBA, 0x27, 1],
      ] {
        #expect(try identify([0xF0] + bytes, kind).standing == .undefined, "\(bytes)")
      }
    }
  }

  /// A REX prefix that another prefix follows is ignored (SDM Vol. 2A, "REX Prefixes").
  @Test func rexStandsBeforeTheOpcode() throws {
    #expect(try identify([0x48, 0xB8], .long).length == 10)
    #expect(try identify([0x48, 0x66, 0xB8], .long).length == 5)
    #expect(try identify([0x66, 0x48, 0xB8], .long).length == 11)
    #expect(try identify([0x48, 0x40, 0xB8], .long).length == 7)
  }

  /// "VEX Encoding Support in 32-bit Modes" (SDM Vol. 2A): LES and LDS, unless a register would be named.
  @Test func vexOutsideOf64BitMode() throws {
    let andn: [UInt8] = [0xC4, 0xE2, 0x78, 0xF2, 0xC1]
    for kind: CodeKind in [.protected16, .protected32, .long] {
      #expect(try identify(andn, kind).opcode?.mnemonic == "ANDN")
      #expect(try identify([0xF0] + andn, kind).standing == .undefined)
    }
    #expect(try identify(andn, .real).standing == .undefined)
    #expect(try identify([0xC5, 0xF8, 0x77], .real).standing == .undefined)
    for kind: CodeKind in [.real, .protected16, .protected32] {
      #expect(try identify([0xC4, 0x07], kind).opcode?.mnemonic == "LES")
      #expect(try identify([0xC5, 0x07], kind).opcode?.mnemonic == "LDS")
    }
    // R, X and B of the third byte mean nothing there, and vvvv has three bits.
    #expect(try identify([0xC4, 0xC2, 0x38, 0xF2, 0xC1], .protected32).opcode?.mnemonic == "ANDN")
  }

  /// "LFENCE—Load Fence" and the others: the r/m field is ignored; hints are NOPs; what is left blank is #UD.
  @Test func fencesHintsAndBlanks() throws {
    for kind in CodeKind.allCases {
      for rm in 0..<8 as Range<UInt8> {
        for (number, name) in [(5, "LFENCE"), (6, "MFENCE"), (7, "SFENCE")] as [(UInt8, String)] {
          #expect(try identify([0x0F, 0xAE, 0xC0 | number << 3 | rm], kind).opcode?.mnemonic == name)
        }
      }
      for byte: UInt8 in [0x0D] + Array(0x18...0x1F) {
        for modRM in 0...UInt8.max {
          #expect(try identify([0x0F, byte, modRM], kind).standing == .executed, "0F \(byte) \(modRM)")
        }
      }
      for blank: [UInt8] in [[0x04], [0x0A], [0x0C], [0x0E], [0x0F], [0x24], [0x36], [0xA6], [0xA7], [0xB8, 0xC0]] {
        #expect(try identify([0x0F] + blank, kind).standing == .undefined, "0F \(blank)")
      }
      for group: [UInt8] in [[0xFE, 0x17], [0xFF, 0x3F], [0xC6, 0x0F], [0x8F, 0x0F], [0x0F, 0xBA, 0x07, 1]] {
        #expect(try identify(group, kind).standing == .undefined, "\(group)")
      }
      // UD0 and UD1 have a ModRM byte.
      #expect(try identify([0x0F, 0xFF, 0xC1], kind).length == 3)
      #expect(try identify([0x0F, 0xB9, 0xC1], kind).length == 3)
    }
  }

  /// SDM Vol. 3, "Interrupt 13—General Protection Exception (#GP)": an instruction has fifteen bytes at most.
  @Test func length() throws {
    for kind in CodeKind.allCases {
      for count in 0..<20 {
        let standing = try identify([UInt8](repeating: 0x66, count: count) + [0x0F, 0xA2], kind).standing
        #expect(standing == (count <= 13 ? .executed : .tooLong), "\(count) prefixes")
      }
    }
  }

  /// An absent instruction is #UD, and so is one that nothing claims.
  @Test func undefined() throws {
    let machine = try VectorMachine()
    for bytes: [UInt8] in [
      [0x0F, 0x01, 0xC1], [0x0F, 0xAA], [0x0F, 0x01, 0xCF], [0xC5, 0xF8, 0x77], [0x62, 0xF1, 0x7C, 0x48, 0x10, 0xC0],
      [0x0F, 0x04], [0xD6], [0x66, 0x0F, 0x77],
    ] {
      #expect(machine.run(bytes) == .fault(6, error: nil), "\(bytes)")
    }
  }

  /// #UD comes before what the operand's address would raise.
  @Test func undefinedComesBeforeTheOperand() throws {
    let machine = try VectorMachine()
    machine.state[.rbx] = 1 << 63
    for bytes: [UInt8] in [[0xF0, 0x88, 0x03], [0x0F, 0xFF, 0x03], [0x0F, 0xB9, 0x03], [0x0F, 0xC7, 0x33]] {
      #expect(machine.run(bytes) == .fault(6, error: nil), "\(bytes)")
      #expect(machine.run([0x64] + bytes) == .fault(6, error: nil), "\(bytes)")
    }
  }

  /// A displacement from RIP at either end of its range (SDM Vol. 2A, "RIP-Relative Addressing").
  @Test func farFromRIP() throws {
    let machine = try VectorMachine()
    for displacement: Int32 in [.max, .max - 6, .max - 7, .min, 0] {
      let bytes = withUnsafeBytes(of: displacement.littleEndian, [UInt8].init)
      let end = VectorMachine.code + 7
      let target = end &+ UInt64(bitPattern: Int64(displacement))
      #expect(machine.run([0x48, 0x8D, 0x05] + bytes) == .done)
      #expect(machine.state[.rax] == target)
      #expect(machine.run([0x67, 0x8D, 0x05] + bytes) == .done)
      #expect(machine.state[.rax] == target & 0xFFFF_FFFF)
      guard displacement != 0 else { continue }
      let fault = machine.run([0x48, 0x8B, 0x05] + bytes)
      if target >> 47 == 0 {
        #expect(fault == .fault(14, error: 0))
        #expect(machine.state.pointee.cr2 == target)
      }
    }
  }

  /// "INT n/INTO/INT3/INT1—Call to Interrupt Procedure" (SDM Vol. 2A): an error code of INT1's delivery has EXT set.
  @Test func int1IsNoSoftwareInterrupt() throws {
    let machine = try VectorMachine()
    let gate = machine.state.pointee.idtr.base + 16
    let present = machine.word(at: gate)
    machine.put(present & ~(1 << 47), at: gate)
    #expect(machine.run([0xF1]) == .fault(11, error: 1 << 3 | 2 | 1))
    #expect(machine.run([0xCD, 1]) == .fault(11, error: 1 << 3 | 2))
  }
}
