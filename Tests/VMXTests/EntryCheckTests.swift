import CPU
import Testing
import VMX

/// The checks of VM entries, each of which must be able to fail alone.
@Suite struct EntryCheckTests {
  /// Features and controls that are not built, of which there are checks nevertheless.
  static let assumed: Set<String> = ["VMX", "CET_SS", "MPX", "subPageWritePermissions"]

  static func rigs() throws -> [EntryRig] {
    try ["max", "corei7_sandy_bridge_2600k", "core2_penryn_t9600"].map { name in
      let model = try #require(try CPUModel.named(name, assumingBuilt: assumed))
      let capabilities = try VMXCapabilities(model)
      return try EntryRig(capabilities, try EntryChecks(capabilities))
    }
  }

  /// Goes through every valid VMCS.
  static func forEachState(_ rig: EntryRig, _ body: (String) throws -> Void) rethrows {
    for style in EntryRig.Style.allCases {
      for guest in EntryRig.Guest.allCases {
        for isHostLong in [true, false] where rig.reset(guest, style, isHostLong: isHostLong) {
          try body("\(guest), \(style), host \(isHostLong ? "long" : "legacy")")
        }
      }
    }
  }

  @Test func aValidVMCSFailsNothing() throws {
    var states = 0
    for rig in try EntryCheckTests.rigs() {
      EntryCheckTests.forEachState(rig) { state in
        states += 1
        #expect(rig.failing == [], "\(state)")
        for stage in EntryCheckStage.allCases where stage != .msrLoading {
          #expect(rig.checks.check(stage, rig.vmcs, rig.inputs) == nil)
        }
      }
    }
    #expect(states > 40)
  }

  @Test func everyRowCanFailAlone() throws {
    let rigs = try EntryCheckTests.rigs()
    let checks = try #require(rigs.first).checks.checks
    #expect(checks.count > 200)
    #expect(Set(checks.map(\.row.name)).count == checks.count)
    for number in checks.indices {
      let name = checks[number].row.name
      var nearest: [String]?
      let failure = rigs.lazy.compactMap { rig in
        EntryCheckTests.aloneFailure(number, rig, &nearest)
      }.first
      guard let failure else {
        Issue.record("\(name) never fails alone: \(nearest ?? ["not at all"])")
        continue
      }
      #expect(failure.check == name && failure.stage == checks[number].stage)
      #expect(failure.description.contains(name) && !failure.values.isEmpty && !failure.section.isEmpty)
    }
  }

  /// The failure of a check that fails alone, in some valid VMCS that is changed in some way.
  private static func aloneFailure(_ number: Int, _ rig: EntryRig, _ nearest: inout [String]?) -> EntryFailure? {
    let check = rig.checks.checks[number]
    let changes = EntryViolation(rig: rig).changes(check.row)
    for style in EntryRig.Style.allCases {
      for guest in EntryRig.Guest.allCases {
        for isHostLong in [true, false] {
          for change in changes where rig.reset(guest, style, isHostLong: isHostLong) {
            change(rig)
            let failing = rig.failing
            if failing == [check.row.name] {
              return check.stage == .msrLoading
                ? rig.msrFailure : rig.checks.check(check.stage, rig.vmcs, rig.inputs)
            }
            guard failing.contains(check.row.name) else { continue }
            if failing.count < nearest?.count ?? .max { nearest = failing }
          }
        }
      }
    }
    return nil
  }

  /// The fast form of a stage and the table's rows agree on VMCSs with anything in them.
  @Test func theFastFormAgrees() throws {
    var random = SplitMix64(seed: 1)
    for rig in try EntryCheckTests.rigs() {
      var passed = 0
      EntryCheckTests.forEachState(rig) { state in
        for _ in 0..<400 {
          let saved = VMCSField.allCases.map { rig.vmcs[$0] }
          for _ in 0..<1 + random.next() % 3 {
            let field = VMCSField.allCases[Int(random.next() % UInt64(VMCSField.allCases.count))]
            let bits: UInt64 = 1 << (random.next() % 64) | (random.next() % 4 == 0 ? random.next() : 0)
            rig.vmcs[field] = (rig.vmcs[field] ^ bits) & VMCSFields.all[field].mask
          }
          for stage in [EntryCheckStage.controls, .hostState, .guestState] {
            let failing = rig.checks.failures(stage, rig.vmcs, rig.inputs)
            let failure = rig.checks.check(stage, rig.vmcs, rig.inputs)
            passed += failing.isEmpty ? 1 : 0
            #expect(failure?.check == failing.first.map { rig.checks.checks[$0].row.name }, "\(state)")
          }
          let stages = [EntryCheckStage.controls, .hostState, .guestState]
          let first = stages.lazy.compactMap { rig.checks.check($0, rig.vmcs, rig.inputs) }.first
          #expect(rig.checker.check(rig.vmcs, rig.inputs) == first, "\(state)")
          guard first != nil || random.next() % 4 == 0 else { continue }
          for (field, value) in zip(VMCSField.allCases, saved) { rig.vmcs[field] = value }
        }
      }
      #expect(passed > 1000)
    }
  }

  @Test func qualificationsNameTheCause() throws {
    let rig = try #require(try EntryCheckTests.rigs().first)
    #expect(rig.reset(.long, .full, isHostLong: true))
    rig.vmcs[.vmcsLinkPointer] = 1
    let failure = try #require(rig.checks.check(.guestState, rig.vmcs, rig.inputs))
    #expect(failure.qualification == 4 && failure.check == "guest.link.aligned")
    #expect(failure.stage.exitReason == 0x8000_0021 && failure.stage.instructionError == nil)
    #expect(
      failure.description
        == "VM entry failed: guest-state check 'guest.link.aligned': VMCS link pointer is 1h; bits FFFh must be 0 "
        + "(\"Checks on Guest Non-Register State\")")
    let msr = try #require(rig.checks.checkMSR(number: 3, index: 0xC000_0100, reserved: 0, faults: false, rig.inputs))
    #expect(msr.qualification == 3 && msr.stage.exitReason == 0x8000_0022)
  }
}

/// SplitMix64.
struct SplitMix64 {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
