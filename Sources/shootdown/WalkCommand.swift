import ArgumentParser
import EPTTLB
import Foundation
import MMU
import Monitor

/// `shootdown walk`: a page walk on an image of physical memory.
struct WalkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "walk", abstract: "Walk the paging structures of a memory image, entry by entry.",
    discussion: "Numbers are hexadecimal: 1f000, 0x1f000 or 1f000h. Nothing is written to the image.")

  @Argument(help: "The linear address.") var address: String
  @Option(help: ArgumentHelp("Physical memory from address 0 on.", valueName: "file")) var image: String
  @Option(help: ArgumentHelp("CR3.", valueName: "value")) var cr3: String
  @Option(help: ArgumentHelp("CR0 (default 80010031).", valueName: "value")) var cr0: String?
  @Option(help: ArgumentHelp("CR4 (default 20: PAE).", valueName: "value")) var cr4: String?
  @Option(help: ArgumentHelp("IA32_EFER (default d01: LMA, LME, NXE, SCE).", valueName: "value")) var efer: String?
  @Option(
    help: ArgumentHelp(
      "none, 32-bit, pae, 4-level or 5-level, whatever CR0, CR4 and EFER say.", valueName: "mode"))
  var paging: String?
  @Option(help: ArgumentHelp("MAXPHYADDR, 32-52 (default 52).", valueName: "n")) var physicalBits: String?
  @Flag(help: "One JSON object, as docs/JSON.md has it.") var json = false

  func run() throws {
    let linear = try number(address, "ADDRESS")
    let memory = try load()
    let controls = try controls(memory)
    let report = WalkReport(linear, controls, memory, cached: nil)
    if json {
      EventStream().send(report)
    } else {
      for line in report.lines { print(line) }
    }
  }

  private func number(_ text: String, _ option: String) throws -> UInt64 {
    guard let number = Hexadecimal.number(text) else {
      throw Misuse("\(option): '\(text)' is no hexadecimal number of 64 bits")
    }
    return number
  }

  /// The image as physical memory; what it lacks reads as zeros up to the end of its last page, and as ones beyond.
  private func load() throws -> PhysicalMemory {
    let bytes = try ImageFile.read(image, limit: PhysicalMemory.holeStart)
    guard !bytes.isEmpty else { throw Misuse("\(image): the image is empty") }
    let memory = try PhysicalMemory(size: UInt64(bytes.count) + 0xFFF)
    bytes.withUnsafeBytes { memory.write(PhysicalAddress(0), $0) }
    return memory
  }

  private func controls(_ memory: PhysicalMemory) throws -> PagingControls {
    let cr0 = try number(cr0 ?? "80010031", "--cr0")
    let cr3 = try number(cr3, "--cr3")
    let cr4 = try number(cr4 ?? "20", "--cr4")
    let efer = try number(efer ?? "d01", "--efer")
    guard let bits = UInt8(physicalBits ?? "52"), (32...52).contains(bits) else {
      throw Misuse("--physical-bits: '\(physicalBits ?? "")' is not 32 to 52")
    }
    let mode = try mode(cr0: cr0, cr4: cr4, efer: efer)
    var controls = PagingControls(
      root: cr3 & (mode == .pae ? 0xFFFF_FFE0 : mode == .twoLevel ? 0xFFFF_F000 : 0x000F_FFFF_FFFF_F000),
      writeProtect: cr0 >> 16 & 1 != 0, executeDisable: mode != .twoLevel && efer >> 11 & 1 != 0,
      globalPages: cr4 >> 7 & 1 != 0, physicalBits: bits, mode: mode,
      pageSizeExtensions: mode == .twoLevel && cr4 >> 4 & 1 != 0)
    if mode == .pae {
      for index in 0..<4 {
        controls.pointers[index] = memory.read(PhysicalAddress(controls.root + UInt64(index) * 8), as: UInt64.self)
      }
    }
    return controls
  }

  /// SDM Vol. 3, "Paging Modes and Control Bits".
  private func mode(cr0: UInt64, cr4: UInt64, efer: UInt64) throws -> PagingMode {
    if let paging {
      guard let mode = WalkReport.names.first(where: { $0.value == paging })?.key else {
        throw Misuse("--paging: '\(paging)' is not none, 32-bit, pae, 4-level or 5-level")
      }
      return mode
    }
    guard cr0 >> 31 & 1 != 0 else { return .none }
    guard cr4 >> 5 & 1 != 0 else { return .twoLevel }
    guard efer >> 8 & 1 != 0 || efer >> 10 & 1 != 0 else { return .pae }
    return cr4 >> 12 & 1 != 0 ? .fiveLevel : .fourLevel
  }
}

/// `--walk [cpuN:]ADDRESS`: which address, on which processor.
struct WalkPlace {
  /// Nil: on every one.
  let processor: Int?
  let address: UInt64

  init(_ text: String, processors: Int) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    var processor: Int?
    if parts.count == 2 {
      guard parts[0].hasPrefix("cpu"), let number = Int(parts[0].dropFirst(3)), (0..<processors).contains(number) else {
        throw Misuse("--walk: '\(parts[0])' is no processor of this machine; cpu0 to cpu\(processors - 1) are")
      }
      processor = number
    }
    guard let address = Hexadecimal.number(parts.last ?? "") else {
      throw Misuse("--walk: '\(text)' is not [cpuN:]ADDRESS with a hexadecimal address")
    }
    (self.processor, self.address) = (processor, address)
  }
}
