import Foundation
import Testing

/// Lists of Multiboot modules that cannot be loaded: one line, status 2.
@Suite struct ModuleMisuseTests {
  private let folder: Folder
  private let kernel: String

  init() throws {
    folder = try Folder()
    // A Multiboot header of flag bits 0, then MOV AL, 1; OUT F4h, AL.
    let header: UInt64 = 0x1BAD_B002
    let code = ELFFile.little(header, 4) + ELFFile.little(0, 4) + ELFFile.little(0 &- header, 4) + Program.exit(1)
    kernel = try folder.write(ELFFile.bytes(code, skipped: 12, symbols: []), as: "kernel")
  }

  private func run(_ modules: [String]) throws -> Ended {
    try shootdown(["run", "--kernel", kernel, "--memory", "8M", "--no-reboot"] + modules.flatMap { ["--module", $0] })
  }

  /// What the misuses differ from.
  @Test func loads() throws {
    let module = try folder.write([1, 2, 3], as: "module")
    let ended = try run(Array(repeating: "\(module) with arguments", count: 200))
    #expect(ended.ending == .status(3), "\(ended)")
  }

  @Test func noFile() throws {
    try run([folder.path("nothing")]).expectMisuse(naming: [folder.path("nothing"), "No such file"])
    let module = try folder.write([1], as: "module")
    try run([module, folder.path("nothing") + " text"]).expectMisuse(naming: [folder.path("nothing")])
    try run([""]).expectMisuse(naming: ["No such file"])
    try run([" "]).expectMisuse(naming: [])
    for path in [folder.path, "/dev/zero", "/dev/null"] { try run([path]).expectMisuse(naming: [path]) }
  }

  /// Modules that have room alone and not together are refused before the host is full of them.
  @Test func tooMuchTogether() throws {
    let large = try folder.writeHole(bytes: 5 << 20, as: "large")
    try run([large, large]).expectMisuse(naming: [large])
    let ended = try run(Array(repeating: large, count: 1000))
    ended.expectMisuse(naming: [large])
    #expect(ended.residentBytes < 512 << 20, "it held \(ended.residentBytes >> 20) MiB: \(ended)")
    let huge = try folder.writeHole(bytes: 65 << 30, as: "huge")
    try run([huge]).expectMisuse(naming: [huge, "\(65 << 30)"])
  }

  @Test func tooMany() throws {
    let module = try folder.write([1], as: "module")
    // Each has a page of its own: three thousand have no room in 8 MiB.
    try run(Array(repeating: module, count: 3000)).expectMisuse(naming: [])
  }

  @Test func commandLines() throws {
    let module = try folder.write([1], as: "module")
    let ended = try run([module + " " + String(repeating: "x", count: 100_000)])
    #expect(ended.ending == .status(3), "\(ended)")
    try run(Array(repeating: module + " " + String(repeating: "x", count: 100_000), count: 15)).expectOneLineOrLoaded()
  }

  @Test func withoutMultiboot() throws {
    let module = try folder.write([1], as: "module")
    let flat = try folder.write(Program.exit(1), as: "flat")
    try shootdown(["run", "--kernel", flat, "--module", module, "--memory", "8M"]).expectMisuse(naming: ["--module"])
    try shootdown(["run", "--module", module]).expectMisuse(naming: ["--kernel"])
  }
}

extension Ended {
  /// It ran, or was refused in one line.
  fileprivate func expectOneLineOrLoaded() {
    if ending != .status(3) { expectMisuse(naming: []) }
  }
}
