import Foundation
import Testing

/// A session at a real hypervisor: XMHF, whose guest is LHV, when `SHOOTDOWN_IMAGES` names a folder that has them.
@Suite struct MonitorImageTests {
  private static let names = ["xmhf/xmhf-b4d6e3435-i386", "xmhf/lhv-ba6290f05-i386-opt0"]

  /// The machine's options; nil: an image is missing.
  private static let options: [String]? = {
    guard let folder = KVMUnitTests.folder else { return nil }
    let files = names.map { "\(folder)/\($0)" }
    guard files.allSatisfy({ FileManager.default.fileExists(atPath: $0 + ".img") }) else { return nil }
    return files.flatMap { ["--disk", $0 + ".img", "--symbols", $0 + ".rt.elf"] }
      + [
        "--cpus", "2", "--memory", "512M", "--model", "corei7_sandy_bridge_2600k", "--clock", "50000000", "--serial",
        "none",
      ]
  }()

  /// What one asks of a hypervisor whose guest reads the wrong page: where its EPT is, what an address finds on its way
  /// down, with which rights and memory type, and which PDPTEs a PAE guest has.
  @Test(.enabled(if: options != nil, "SHOOTDOWN_IMAGES has no images of XMHF and LHV"))
  func wrongPage() throws {
    let folder = try Folder()
    let lines = """
      break xmhf_parteventhub_arch_x86vmx_entry if vmcs.guestCR4 & 0x20 && vmcs.guestCR0 >> 31
      continue
      print/x vmcs.control_EPT_pointer
      sym add ept_pml4e (vmcs.eptPointer & ~0xfff) + 8 * (vmcs.guestCR3 >> 39 & 511)
      sym add ept_pdpte (l8[ept_pml4e] & ~0xfff) + 8 * (vmcs.guestCR3 >> 30 & 511)
      sym add ept_pde (l8[ept_pdpte] & ~0xfff) + 8 * (vmcs.guestCR3 >> 21 & 511)
      sym add ept_pte (l8[ept_pde] & ~0xfff) + 8 * (vmcs.guestCR3 >> 12 & 511)
      x/2gx ept_pml4e
      x/2gx ept_pdpte
      x/2gx ept_pde
      x/2gx ept_pte
      print l8[ept_pte] >> 3 & 7
      gpa2hpa vmcs.guestCR3
      info vmcs pdpte
      xg/4gx vmcs.guestCR3 & ~0x1f
      info screen
      gbreak vmcs.guestRIP + vmcs.exitInstructionLength
      delete 1
      continue
      creg
      step
      reverse-step
      info vmcs -diff pdpte
      """
    let input = try folder.write(Array((lines + "\n").utf8), as: "input")
    let ended = try Child(["monitor"] + (Self.options ?? []), input: input).wait(seconds: 600)
    #expect(ended.ending == .status(0), "\(ended)")
    /// What was said behind a command, line by line.
    func said(_ command: String) throws -> [String] {
      let all = ended.output.split(separator: "\n").map(String.init)
      let place = try #require(all.lastIndex { $0.hasSuffix("> " + command) }, "\(command): \(ended)")
      return Array(all[(place + 1)...].prefix { !$0.hasPrefix("cpu0> ") })
    }
    /// The numbers in some lines, behind the addresses with which they begin.
    func numbers(_ lines: [String]) -> [UInt64] {
      lines.flatMap { $0.split(separator: " ").dropFirst() }.compactMap { UInt64($0.trimmingPrefix("0x"), radix: 16) }
    }
    #expect(try said("continue").contains { $0.hasPrefix("cpu0 non-root vpid 1 ep4ta 0x") }, "\(ended)")
    let pointer = try #require(try said("print/x vmcs.control_EPT_pointer").first)
    #expect(pointer.hasSuffix("01e") && pointer != "0x000000000000001e", "\(pointer)")

    // Down the EPT by hand, and by the walk.
    let byHand = try ["pml4e", "pdpte", "pde", "pte"].compactMap { name in
      try said("x/2gx ept_\(name)").first?.split(separator: " ").dropFirst(2).first
    }
    let walk = try said("gpa2hpa vmcs.guestCR3")
    let byWalk = walk.compactMap { $0.contains("EPT P") ? $0.split(separator: " ").last : nil }
    #expect(byHand.count == 4 && byHand == byWalk, "\(ended)")
    #expect(try said("print l8[ept_pte] >> 3 & 7") == ["0x6 6"])
    #expect(walk.last?.hasSuffix("rwx, type WB") == true, "\(walk)")

    // The PDPTEs: of the VMCS, of memory, and the processor's once the guest runs.
    let fields = try said("info vmcs pdpte").compactMap { $0.split(separator: " ").last }
      .compactMap { UInt64($0.trimmingPrefix("0x"), radix: 16) }
    let memory = numbers(try said("xg/4gx vmcs.guestCR3 & ~0x1f"))
    #expect(fields.count == 4 && fields.allSatisfy { $0 & 1 == 1 } && fields == memory, "\(ended)")
    #expect(numbers(try said("creg").filter { $0.hasPrefix("pdpte") }) == fields, "\(ended)")

    #expect(try said("info screen").contains { $0.contains("XMHF") }, "\(ended)")
    // Back at the place where the guest had come to.
    let stopped = try #require(try said("continue").last)
    #expect(try said("step").last != stopped && said("reverse-step").first == stopped, "\(ended)")
    #expect(try said("info vmcs -diff pdpte").last == "nothing has changed", "\(ended)")
  }
}
