import CPU
import Layout
import MMU
import Testing

/// Alignment checks (SDM Vol. 3, "Interrupt 17—Alignment Check Exception (#AC)").
@Suite struct AlignmentTests {
  private static let alignment: UInt64 = 1 << 18

  /// Instructions with an operand at RCX, RSI, RDI or RSP, and what that must be a multiple of.
  static let instructions: [(String, [UInt8], UInt64)] = [
    ("MOV b", [0x88, 0x11], 1), ("MOV w", [0x66, 0x89, 0x11], 2), ("MOV d", [0x89, 0x11], 4),
    ("MOV q", [0x48, 0x89, 0x11], 8), ("load q", [0x48, 0x8B, 0x11], 8), ("ADD d", [0x01, 0x11], 4),
    ("MOVZX w", [0x0F, 0xB7, 0x11], 2), ("XCHG q", [0x48, 0x87, 0x11], 8), ("PUSH m", [0xFF, 0x31], 8),
    ("CMPXCHG8B", [0x0F, 0xC7, 0x09], 8), ("BT d", [0x0F, 0xBA, 0x21, 3], 4), ("SGDT", [0x0F, 0x01, 0x01], 4),
    ("SLDT", [0x0F, 0x00, 0x01], 2), ("MOVQ mm", [0x0F, 0x6F, 0x01], 8), ("MOVD xmm", [0x66, 0x0F, 0x6E, 0x01], 4),
    ("MOVUPS", [0x0F, 0x10, 0x01], 1), ("STOSQ", [0x48, 0xAB], 8), ("LODSD", [0xAD], 4), ("MOVSW", [0x66, 0xA5], 2),
    ("REP STOSD", [0xF3, 0xAB], 4), ("STMXCSR", [0x0F, 0xAE, 0x19], 4), ("PUSH", [0x50], 8), ("POP", [0x58], 8),
    ("CALL", [0xE8, 0, 0, 0, 0], 8), ("MOV sreg", [0x8C, 0x19], 2),
  ]

  @Test(arguments: instructions)
  func everyOffset(_ name: String, _ bytes: [UInt8], _ alignment: UInt64) throws {
    for offset: UInt64 in 0...8 {
      for (mask, flag, isUser) in [(true, true, true), (false, true, true), (true, false, true), (true, true, false)]
      where mask && flag && isUser || offset == 5 {
        let place = SystemRig.data + 0xFF8 + offset
        let (events, rig) = try SystemRig.agreeing(
          isUser: isUser, flags: 2 | (flag ? Self.alignment : 0), [0x90] + bytes + [0x90]
        ) { rig in
          for register in [GeneralRegister.rcx, .rsi, .rdi] { rig.state[register] = place }
          rig.state[.rdx] = 0
          if mask { rig.state.pointee.cr0 |= 1 << 18 }
          if name.hasPrefix("REP") { rig.state[.rcx] = 2 }
          if rig.state.pointee.rip == SystemRig.code, ["PUSH", "POP", "CALL"].contains(name) {
            rig.state[.rsp] = place
          }
        }
        let isChecked = mask && flag && isUser
        let isMisplaced = isChecked && offset % alignment != 0
        #expect(events.map(\.vector) == (isMisplaced ? [17] : []), "\(name) at \(offset)")
        if isMisplaced {
          #expect(events.first?.error == 0)
          #expect(events.first?.offset == 1)
          #expect(rig.state[.rdi] == place)
        }
      }
    }
  }

  /// POPF switches them on and off under the running program.
  @Test func popf() throws {
    // pushf; or dword [rsp], 40000h; popf; mov eax, [rcx]
    let program: [UInt8] = [0x9C, 0x81, 0x0C, 0x24, 0, 0, 4, 0, 0x9D, 0x8B, 0x01]
    let (events, _) = try SystemRig.agreeing(isUser: true, [0x8B, 0x01] + program) { rig in
      rig.state.pointee.cr0 |= 1 << 18
      rig.state[.rcx] = SystemRig.data + 1
    }
    #expect(events.map(\.vector) == [17])
    #expect(events.first?.offset == 11)
  }

  /// "Priority Among Concurrent Events": #GP, then #PF, then #AC.
  @Test func otherFaultsGoBefore() throws {
    for (place, vector): (UInt64, UInt8) in [
      (SystemRig.unmapped + 1, 14), (SystemRig.supervisor + 1, 14), (1 << 63 | 1, 13), (SystemRig.data + 1, 17),
    ] {
      let (events, _) = try SystemRig.agreeing(isUser: true, flags: 2 | Self.alignment, [0x8B, 0x01]) { rig in
        rig.state.pointee.cr0 |= 1 << 18
        rig.state[.rcx] = place
      }
      #expect(events.map(\.vector) == [vector])
    }
  }

  /// Far returns use the stack as the program may, and not as the processor might.
  @Test func farReturnsAreUsers() throws {
    for (stack, expected): (UInt64, UInt8?) in [
      (SystemRig.supervisor, 14), (SystemRig.data + 4, 17), (SystemRig.data, nil),
    ] {
      for bytes: [UInt8] in [[0x48, 0xCB], [0x48, 0xCF]] {
        let (events, _) = try SystemRig.agreeing(isUser: true, flags: 2 | Self.alignment, bytes) { rig in
          rig.state.pointee.cr0 |= 1 << 18
          rig.put(stack, [SystemRig.code + 2, 0x1B, 2, SystemRig.userStack, 0x23])
          if rig.state.pointee.rip == SystemRig.code { rig.state[.rsp] = stack }
        }
        #expect(events.map(\.vector) == (expected.map { [$0] } ?? []))
        if expected == 14 { #expect(events.first?.error == 5) }
      }
    }
  }
}
