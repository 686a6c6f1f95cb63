import CPU
import Testing
import VMX

/// The capability MSRs of the models.
@Suite struct CapabilityTests {
  static func capabilities(_ name: String) throws -> (model: CPUModel, capabilities: VMXCapabilities) {
    let model = try #require(try CPUModel.named(name, assumingBuilt: ["VMX"]))
    return (model, try VMXCapabilities(model))
  }

  @Test func everyModelIsConsistent() throws {
    for name in try CPUModel.names() {
      let (model, capabilities) = try CapabilityTests.capabilities(name)
      func value(_ index: UInt32) -> UInt64? { model.registers.first { $0.index == index }?.reset }
      #expect(capabilities.basic & 0x7FFF_FFFF == UInt64(VMCSRegion.revisionIdentifier), "\(name)")
      #expect(capabilities.basic >> 32 & 0x1FFF == 4096 && capabilities.basic >> 50 & 0xF == 6, "\(name)")
      #expect(value(0x48A) == capabilities.highestFieldIndex << 1, "\(name)")
      let hasTrueControls = capabilities.basic >> 55 & 1 != 0
      for index: UInt32 in 0x48D...0x490 { #expect((value(index) != nil) == hasTrueControls, "\(name)") }
      for (index, trueIndex) in [(0x481, 0x48D), (0x482, 0x48E), (0x483, 0x48F), (0x484, 0x490)] as [(UInt32, UInt32)] {
        let word = AllowedSettings(try #require(value(index)))
        #expect(word.allowed0 & ~word.allowed1 == 0, "\(name)")
        guard let register = value(trueIndex) else { continue }
        let settings = AllowedSettings(register)
        #expect(settings.allowed0 & ~word.allowed0 == 0 && settings.allowed1 == word.allowed1, "\(name)")
      }
      #expect(capabilities.cr4Fixed0 & ~capabilities.cr4Fixed1 == 0 && capabilities.cr4Fixed1 & 0x2000 != 0, "\(name)")
      let usesFunctions = capabilities.secondary.allowed1 & SecondaryControls.enableVMFunctions.rawValue != 0
      #expect((value(0x491) ?? 0 != 0) == usesFunctions, "\(name)")
      #expect((value(0x491) == nil) == !usesFunctions, "\(name)")
      let hasEPT = capabilities.secondary.allowed1 & SecondaryControls.enableEPT.rawValue != 0
      #expect((value(0x48C) != nil) == hasEPT && capabilities.has(.eptPointer) == hasEPT, "\(name)")
    }
  }

  @Test func partsDifferAsTheyDo() throws {
    let penryn = try CapabilityTests.capabilities("core2_penryn_t9600").capabilities
    #expect(
      !penryn.has(.virtualProcessorIdentifier) && !penryn.has(.preemptionTimer) && penryn.has(.virtualAPICAddress))
    #expect(penryn.has(.secondaryControls) && penryn.pin.allowed1 & PinControls.virtualNMIs.rawValue != 0)
    let sandyBridge = try CapabilityTests.capabilities("corei7_sandy_bridge_2600k").capabilities
    #expect(sandyBridge.has(.eptPointer) && !sandyBridge.has(.vmFunctionControls) && !sandyBridge.has(.tscMultiplier))
    #expect(!sandyBridge.eptVPID.contains(.oneGigabytePages) && !sandyBridge.misc.writesAnyField)
    let haswell = try CapabilityTests.capabilities("corei7_haswell_4770").capabilities
    #expect(haswell.has(.eptpListAddress) && haswell.has(.vmreadBitmapAddress) && !haswell.has(.pmlAddress))
    let all = try CapabilityTests.capabilities("max").capabilities
    #expect(all.has(.tscMultiplier) && all.has(.guestPKRS) && !all.has(.guestBNDCFGS))
    #expect(all.eptVPID.contains([.walkOfFive, .accessedAndDirty, .executeOnly, .advancedInformation]))
    #expect(all.misc.cr3Targets == 4 && all.misc.activityStates == 0xE && all.misc.injectsZeroLength)
  }

  @Test func withoutVMXThereAreNone() throws {
    let mask = try #require(CPUIDMask("1.ECX=20"))
    let model = try #require(try CPUModel.named("max", without: [mask]))
    #expect(!model.registers.contains { (0x480...0x493).contains($0.index) })
    #expect(try VMXCapabilities(model).pin == AllowedSettings(0))
  }
}
