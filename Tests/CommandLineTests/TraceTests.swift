import Foundation
import Guests
import Testing

/// `--trace`: what is written, and that nothing else changes.
@Suite struct TraceTests {
  private struct Traced {
    let ended: Ended
    let lines: [Substring]
    /// Lines of instructions.
    var instructions: [Substring] { lines.filter { $0.contains(" insn ") } }
  }

  private func trace(_ arguments: [String], _ options: [String] = []) throws -> Traced {
    let folder = try Folder()
    let ended = try shootdown(arguments + ["--trace", folder.path("trace")] + options)
    let text = folder.text("trace")
    #expect(text.hasPrefix("# shootdown trace 1\n") && text.hasSuffix("\n"))
    return Traced(ended: ended, lines: text.split(separator: "\n").dropFirst().map(\.self))
  }

  /// Clock of a line.
  private func cycle(_ line: Substring) -> UInt64? { line.split(separator: " ").first.flatMap { UInt64($0) } }

  @Test(arguments: try Guest.all().map(\.name), [["--quantum", "1"], ["--tlb", "skylake", "--timing", "skylake"]])
  func changesNothing(_ guest: String, _ options: [String]) throws {
    let arguments =
      ["guests", "run", guest, "--memory", "8M", "--cpus", "3", "--hash", "--json", "--max-cycles", "6000"] + options
    let plain = try shootdown(arguments)
    let traced = try trace(arguments)
    #expect(plain.hashLine != nil)
    #expect(traced.ended.output == plain.output && traced.ended.errors == plain.errors)
    #expect(traced.ended.ending == plain.ending)
    // Every instruction that retires has its line, in the order of its processor's clock.
    let end = try #require(try plain.events().named("end").first)
    let processors = try #require(end["processors"] as? [[String: Any]])
    for (number, processor) in processors.enumerated() {
      let lines = traced.instructions.filter { $0.contains(" cpu\(number) ") }
      #expect(lines.count == processor["instructions"] as? Int)
      let cycles = lines.compactMap(cycle)
      #expect(cycles.count == lines.count && zip(cycles, cycles.dropFirst()).allSatisfy { $0 < $1 })
    }
    // Nor does the trace depend on how blocks are formed.
    #expect(try trace(arguments, ["--block-limit", "1", "--no-host-pointers"]).lines == traced.lines)
  }

  @Test(arguments: [(0, 3), (50, 10), (100, 1), (200, 1000), (1 << 40, 5)])
  func window(_ from: Int, _ count: Int) throws {
    let arguments = ["guests", "run", "faults", "--memory", "8M"]
    let all = try trace(arguments).instructions
    let some = try trace(arguments, ["--trace-from", "\(from)", "--trace-count", "\(count)"]).instructions
    #expect(some == Array(all.filter { (cycle($0) ?? 0) >= UInt64(from) }.prefix(count)))
  }

  @Test func instructionsAndRegisters() throws {
    let folder = try Folder()
    // MOV AL, 5; MOV EBX, EAX; OUT F4h, AL.
    let image = try folder.write([0xB0, 0x05, 0x89, 0xC3, 0xE6, 0xF4] + Program.endless)
    let lines = try trace(["run", "--kernel", image, "--memory", "4M"]).instructions
    try #require(lines.count == 3)
    #expect(lines[0].contains("cpu0 insn 100000 b005 mov al, 5 ; RAX=5"), "\(lines[0])")
    #expect(lines[1].contains("insn 100002 89c3 mov ebx, eax ; RBX=5"), "\(lines[1])")
    #expect(lines[2].hasSuffix("insn 100004 e6f4 out 0xf4, al"), "\(lines[2])")
  }

  /// Exceptions with vector, error code and RIP; fills and invalidations; writes to control registers.
  @Test func events() throws {
    let faults = try trace(["guests", "run", "faults", "--memory", "8M"]).lines
    let pageFault = try #require(faults.first { $0.contains("exception vector 14 #PF error") })
    #expect(pageFault.contains(" CR2 ") && pageFault.contains(" at ") && pageFault.contains(" to "), "\(pageFault)")
    let stale = try trace(["guests", "run", "stale", "--memory", "8M"]).lines
    let index = try #require(stale.firstIndex { $0.contains(" inval page ") })
    #expect(stale[index - 1].contains("invlpg"), "\(stale[index - 1])")
    #expect(stale.contains { $0.contains(" fill 100000 to 100000 2M rwxs") })
    let folder = try Folder()
    // MOV RAX, CR3; MOV CR3, RAX; OUT F4h, AL.
    let image = try folder.write([0x0F, 0x20, 0xD8, 0x0F, 0x22, 0xD8, 0xE6, 0xF4])
    let root = try trace(["run", "--kernel", image, "--memory", "4M"], ["--trace-count", "0"])
    #expect(root.lines.count == 1 && root.lines[0].hasSuffix("cpu0 cr CR3 1000"), "\(root.lines)")
  }

  @Test func misuse() throws {
    try shootdown(["guests", "run", "hello", "--trace-from", "5"]).expectMisuse(naming: ["--trace-from", "--trace"])
    try shootdown(["guests", "run", "hello", "--trace-count", "5"]).expectMisuse(naming: ["--trace-count", "--trace"])
    try shootdown(["guests", "run", "hello", "--trace", "/nonexistent/trace"]).expectMisuse(naming: [
      "/nonexistent/trace"
    ])
    for value in ["-1", "x", "", "18446744073709551616"] {
      for option in ["--trace-from", "--trace-count"] {
        try shootdown(["guests", "run", "hello", "--trace", "/dev/null", "\(option)=\(value)"])
          .expectMisuse(naming: [option])
      }
    }
  }

  @Test func fileIsWholeAfterASignal() throws {
    let folder = try Folder()
    let image = try folder.write(Program.endless)
    let child = try Child(["run", "--kernel", image, "--memory", "4M", "-q", "--trace", folder.path("trace")])
    let deadline = Date(timeIntervalSinceNow: 10)
    while folder.text("trace").isEmpty {
      try #require(Date() < deadline)
      usleep(1000)
    }
    child.send(SIGINT)
    let ended = try child.wait(seconds: 10)
    #expect(ended.ending == .signal(SIGINT) && ended.errors.isEmpty, "\(ended)")
    #expect(folder.text("trace").hasSuffix(" insn 100000 ebfe jmp 0x100000\n"))
  }

  @Test func fullDiskIsSaid() throws {
    let ended = try shootdown(["guests", "run", "hello", "--trace", "/dev/full"])
    #expect(ended.ending == .status(1) && ended.errors.contains("--trace"), "\(ended)")
  }
}
