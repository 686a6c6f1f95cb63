import Foundation
import Tables
import Testing

/// kvm-unit-tests unchanged, when `SHOOTDOWN_IMAGES` names a folder with their images (`kut/NAME.flat` for x86_64,
/// `kut32/NAME.flat` for i386). A row passes with exit status 1, a report at least, and no FAIL.
@Suite struct KVMUnitTests {
  /// `environment` among the options: a Multiboot module says what fw_cfg says otherwise, and that there is no host whose
  /// hypercalls could be tested.
  private static let table: StaticString = """
    test             image                 cpus  options
    realmode         kut/realmode.flat     1     -
    smptest          kut/smptest.flat      2     -
    smptest3         kut/smptest.flat      3     -
    eventinj         kut/eventinj.flat     1     -
    idt_test         kut/idt_test.flat     1     -
    setjmp           kut/setjmp.flat       1     -
    tsc              kut/tsc.flat          1     -
    tsc_adjust       kut/tsc_adjust.flat   1     -
    smap             kut/smap.flat         1     -
    umip             kut/umip.flat         1     -
    pku              kut/pku.flat          1     -
    pks              kut/pks.flat          1     -
    pcid-enabled     kut/pcid.flat         1     -
    pcid-disabled    kut/pcid.flat         1     --cpuid 1.ECX=20000,7.EBX=400
    pcid-asymmetric  kut/pcid.flat         1     --cpuid 1.ECX=20000
    la57             kut32/la57.flat       1     -
    la57-64          kut/la57.flat         1     -
    memory           kut/memory.flat       1     -
    syscall          kut/syscall.flat      1     environment
    debug            kut/debug.flat        1     -
    msr              kut/msr.flat          1     -
    x2apic           kut/apic.flat         2     environment
    xapic            kut/apic.flat         2     environment --cpuid 1.ECX=200000
    ioapic           kut/ioapic.flat       1     -
    ioapic-2         kut/ioapic.flat       2     -
    sieve            kut/sieve.flat        1     -
    access           kut/access_test.flat  1     -
    xsave            kut/xsave.flat        1     -
    emulator         kut/emulator.flat     1     -
    taskswitch       kut32/taskswitch.flat   1   -
    taskswitch2      kut32/taskswitch2.flat  1   -
    cmpxchg8b        kut32/cmpxchg8b.flat    1   -
    # Of vmx.flat those about the checks of VM entries; docs/VMX-UNIT-TESTS.md has all.
    vmx-capabilities  kut/vmx.flat           2   --append test_vmx_caps
    vmx-fields        kut/vmx.flat           2   --append test_vmwrite_vmread
    vmx-controls      kut/vmx.flat           2   --append vmx_controls_test
    vmx-host-state    kut/vmx.flat           2   --append vmx_host_state_area_test
    vmx-guest-state   kut/vmx.flat           2   --append vmx_guest_state_area_test
    vmx-shadow        kut/vmx.flat           2   --append vmentry_movss_shadow_test
    """

  static let folder = ProcessInfo.processInfo.environment["SHOOTDOWN_IMAGES"].flatMap { $0.isEmpty ? nil : $0 }

  struct Row: CustomTestStringConvertible, Sendable {
    let name: String
    let image: String
    let cpus: String
    let arguments: [String]
    var testDescription: String { name }
  }

  static func rows() throws -> [Row] {
    try Table("kvm-unit-tests", table).rows.map { row in
      Row(
        name: row["test"], image: row["image"], cpus: row["cpus"],
        arguments: ["--cpus", row["cpus"]] + row["options"].split(separator: " ").map(String.init))
    }
  }

  @Test(.enabled(if: folder != nil, "SHOOTDOWN_IMAGES is not set: no kvm-unit-tests images"), arguments: try rows())
  func passes(_ row: Row) throws {
    let image = URL(fileURLWithPath: try #require(Self.folder)).appendingPathComponent(row.image).path
    let folder = try Folder()
    let lines = ["NR_CPUS=\(row.cpus)", "MEMSIZE=512", "TEST_DEVICE=0", "BOOTLOADER=1", ""]
    let module = try folder.write(Array(lines.joined(separator: "\n").utf8), as: "environment")
    let arguments = row.arguments.flatMap { $0 == "environment" ? ["--module", module] : [$0] }
    // Some take minutes, and all run side by side: access has 2 times 19 million cases with all that the model offers.
    let ended = try Child(["run", "--kernel", image, "--max-cycles", "60000000000"] + arguments).wait(seconds: 1800)
    #expect(ended.ending == .status(1), "\(ended)")
    let printed = ended.output.split(whereSeparator: \.isNewline)
    #expect(!printed.contains { $0.hasPrefix("FAIL") }, "\(ended.output)")
    // What only ends well or not at all prints no report.
    if !["taskswitch", "sieve"].contains(row.name) {
      #expect(printed.contains { $0.contains("PASS") }, "\(ended.output)")
    }
  }
}
