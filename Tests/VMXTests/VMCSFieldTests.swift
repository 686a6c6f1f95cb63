import Testing
import VMX

/// The table of fields.
@Suite struct VMCSFieldTests {
  @Test func everyFieldHasItsRow() throws {
    let fields = try VMCSFields()
    #expect(fields.descriptions.count == VMCSField.allCases.count)
    for field in VMCSField.allCases {
      let description = fields[field]
      #expect(description.field == field)
      #expect(fields.field(description.encoding) == field)
      #expect(fields.field(description.encoding | 1) == field)
    }
  }

  /// Exits write guest state, exit information, and two fields of the controls.
  @Test func exitsWriteSome() throws {
    let fields = try VMCSFields()
    let controls: [VMCSField] = [.entryControls, .entryInterruptionInformation]
    for field in VMCSField.allCases {
      let isOfExits = [.guestState, .exitInformation].contains(fields[field].kind) || controls.contains(field)
      #expect(field.isOfExits == isOfExits, "\(field)")
    }
  }

  /// Whoever writes another field says so.
  @Test func otherWritesAreMarked() {
    let vmcs = VMCS()
    defer { vmcs.deallocate() }
    for field in VMCSField.allCases {
      vmcs.hasOtherWrites = false
      vmcs[field] = 1
      #expect(vmcs.hasOtherWrites == !field.isOfExits, "\(field)")
      vmcs.hasOtherWrites = false
      vmcs[low: field] = 2
      #expect(vmcs.hasOtherWrites == !field.isOfExits, "\(field)")
    }
  }

  @Test func encodingsSayWhatAFieldIs() throws {
    let fields = try VMCSFields()
    #expect(fields.field(0x681E) == .guestRIP)
    #expect(fields[.guestRIP].kind == .guestState && fields[.guestRIP].width == .natural)
    #expect(fields[.exitReason].kind == .exitInformation && fields[.exitReason].mask == 0xFFFF_FFFF)
    #expect(fields[.hostTRSelector].kind == .hostState && fields[.hostTRSelector].mask == 0xFFFF)
    #expect(fields.field(0x7000) == nil && fields.field(0x0FFE) == nil && fields.field(0x1_0000) == nil)
  }
}
