import EPTTLB
import MMU
import Testing

/// What the manual says of single bits of structure entries (SDM Vol. 3, "4-Level Paging and 5-Level Paging").
@Suite struct WalkTests {
  private let linear: UInt64 = 0x1234_5678_9000

  private func code(_ rig: Rig, _ controls: PagingControls, _ access: Access = Access()) -> PageFaultCode? {
    let walk = Walk(LinearAddress(linear), access, controls, rig.memory, sideEffects: false)
    if case .fault(let code) = walk.outcome { return code }
    return nil
  }

  /// Bits that are reserved in an entry at a level, bits 51:MAXPHYADDR and bit 63 apart.
  private func reserved(_ shift: UInt64, isLarge: Bool) -> Set<UInt64> {
    switch (shift, isLarge) {
    case (39, _): [7]
    case (30, true): Set(13...29)
    case (21, true): Set(13...20)
    default: []
    }
  }

  /// SDM Vol. 3, "4-Level Paging and 5-Level Paging", the formats of the entries: each reserved bit of each entry alone
  /// gives #PF with P and RSVD, and no other bit does.
  @Test(arguments: [36, 40, 52] as [UInt8], [true, false])
  func reservedBits(_ physicalBits: UInt8, _ executeDisable: Bool) throws {
    let leaves: [UInt64] = [12, 21, 30]
    for leaf in leaves {
      let rig = try Rig()
      rig.map(linear, to: 0, shift: leaf)
      var controls = Rig.controls()
      controls.physicalBits = physicalBits
      controls.executeDisable = executeDisable
      for shift in [12, 21, 30, 39] as [UInt64] where shift >= leaf {
        let isLarge = shift == leaf && shift != 12
        let location = rig.location(linear, shift: shift)
        let value = rig.memory.read(location, as: UInt64.self)
        for bit in 0..<64 as Range<UInt64> {
          let isReserved =
            reserved(shift, isLarge: isLarge).contains(bit) || bit == 63 && !executeDisable
            || bit >= UInt64(physicalBits) && bit <= 51
          // Bit 0 makes it not present; bit 7 above a PTE, or an address bit of a pointer, leads elsewhere.
          let isPointer = shift > leaf && (12...51).contains(bit)
          let leadsElsewhere = !isReserved && (bit == 0 || bit == 7 && shift != 12 || isPointer)
          guard !leadsElsewhere else { continue }
          rig.memory.write(location, value ^ 1 << bit)
          let expected: PageFaultCode? = isReserved ? [.present, .reserved] : nil
          #expect(code(rig, controls) == expected, "bit \(bit) of the entry at \(shift), page of \(leaf)")
        }
        rig.memory.write(location, value)
      }
    }
  }

  /// SDM Vol. 3, "Page-Fault Exceptions": an entry that is not present may set any other bit; P and RSVD stay 0.
  @Test func aNotPresentEntryHasNoReservedBits() throws {
    let rig = try Rig()
    for shift in [12, 21, 30, 39] as [UInt64] {
      rig.memory.write(rig.location(linear, shift: shift), ~1 as UInt64)
      #expect(code(rig, Rig.controls()) == [])
      #expect(code(rig, Rig.controls(), Access(isWrite: true, isUser: true)) == [.write, .user])
      #expect(code(rig, Rig.controls(), Access(isFetch: true)) == [.fetch])
      rig.memory.write(rig.location(linear, shift: shift), 0 as UInt64)
    }
  }

  /// SDM Vol. 3, "Page-Fault Exceptions": I/D is reported only while IA32_EFER.NXE (or CR4.SMEP) is 1.
  @Test func fetchIsReportedOnlyWithNXE() throws {
    let rig = try Rig()
    var controls = Rig.controls()
    #expect(code(rig, controls, Access(isFetch: true)) == [.fetch])
    controls.executeDisable = false
    #expect(code(rig, controls, Access(isFetch: true)) == [])
    rig.map(linear, to: 0, Rig.Bit.present)
    #expect(code(rig, controls, Access(isFetch: true, isUser: true)) == [.present, .user])
  }

  /// SDM Vol. 3, "Determination of Access Rights": a right must be given by every entry of the path.
  @Test(arguments: [12, 21, 30, 39] as [UInt64])
  func everyEntryMustPermit(_ shift: UInt64) throws {
    let rig = try Rig()
    rig.map(linear, to: 0)
    let location = rig.location(linear, shift: shift)
    let value = rig.memory.read(location, as: UInt64.self)
    let user = Access(isUser: true)
    let write = Access(isWrite: true)
    let fetch = Access(isFetch: true)
    for access in [user, write, fetch] { #expect(code(rig, Rig.controls(), access) == nil) }
    rig.memory.write(location, value & ~Rig.Bit.write)
    #expect(code(rig, Rig.controls(), write) == [.present, .write])
    rig.memory.write(location, value & ~Rig.Bit.user)
    #expect(code(rig, Rig.controls(), user) == [.present, .user])
    #expect(code(rig, Rig.controls(), write) == nil)
    rig.memory.write(location, value | Rig.Bit.executeDisable)
    #expect(code(rig, Rig.controls(), fetch) == [.present, .fetch])
    #expect(code(rig, Rig.controls()) == nil)
  }

  /// SDM Vol. 3, "Determination of Access Rights": with CR0.WP = 0 a supervisor may write anywhere, a user may not.
  @Test func writeProtectIsForSupervisors() throws {
    let rig = try Rig()
    rig.map(linear, to: 0, Rig.Bit.present | Rig.Bit.user)
    var controls = Rig.controls()
    controls.writeProtect = false
    #expect(code(rig, controls, Access(isWrite: true)) == nil)
    #expect(code(rig, controls, Access(isWrite: true, isUser: true)) == [.present, .write, .user])
  }

  /// SDM Vol. 3, "Accessed and Dirty Flags": accessed in every entry, dirty in the one that maps the page, and only by a
  /// write; an access that the rights forbid sets none, as on the processor that test386.asm was written on.
  @Test(arguments: [12, 21, 30] as [UInt64])
  func flagsAreSetWhereTheyBelong(_ leaf: UInt64) throws {
    let rig = try Rig()
    rig.map(linear, to: 0, Rig.Bit.present | Rig.Bit.write, shift: leaf)
    let levels = ([12, 21, 30, 39] as [UInt64]).filter { $0 >= leaf }
    func flags() -> [UInt64] { levels.map { rig.entry(linear, shift: $0) & (Rig.Bit.accessed | Rig.Bit.dirty) } }
    func walk(_ access: Access) {
      _ = Walk(LinearAddress(linear), access, Rig.controls(), rig.memory, sideEffects: true)
    }
    walk(Access(isUser: true))
    #expect(flags().allSatisfy { $0 == 0 })
    walk(Access())
    #expect(flags().allSatisfy { $0 == Rig.Bit.accessed })
    walk(Access(isWrite: true))
    #expect(flags().first == Rig.Bit.accessed | Rig.Bit.dirty)
    #expect(flags().dropFirst().allSatisfy { $0 == Rig.Bit.accessed })
  }

  /// `PhysicalMemory`: a table beyond RAM reads as all ones, which sets reserved bits.
  @Test func aTableBeyondRAMIsReserved() throws {
    let rig = try Rig()
    rig.memory.write(rig.location(linear, shift: 39), rig.memory.size | Rig.Bit.all)
    #expect(code(rig, Rig.controls()) == [.present, .reserved])
  }
}
