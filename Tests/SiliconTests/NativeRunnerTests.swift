import SiliconNative
import Testing

/// The child process survives what cases do, and says what they did (silicon_native.h).
@Suite(.serialized) struct NativeRunnerTests {
  /// Runs pieces of code, one a case, with RAX = 1234h, RSP in the data and landings behind the code.
  private func run(_ codes: [[UInt8]]) throws -> [SiliconResult] {
    let runner = try #require(silicon_open(1))
    defer { silicon_close(runner) }
    let batch = silicon_batch(runner, 0)
    batch.pointee.first = 0
    batch.pointee.count = UInt32(codes.count)
    for (index, code) in codes.enumerated() {
      let it = silicon_case(batch, UInt32(index))
      it.pointee.in.gpr.0 = 0x1234
      it.pointee.in.gpr.4 = UInt64(SiliconDataBase + 0x800)
      it.pointee.in.rflags = 0x202
      it.pointee.in.rip = UInt64(SiliconCodeBase + index * Int(SiliconSlotSize))
      for (offset, byte) in code.enumerated() { silicon_code(it)[offset] = byte }
      silicon_landings(it)[0] = UInt8(code.count)
      silicon_landings(it)[1] = 0xFF
      silicon_landings(it)[2] = 0xFF
    }
    #expect(silicon_start(runner, 0) == 0)
    #expect(silicon_wait(runner) == 0)
    return codes.indices.map { silicon_result(batch, UInt32($0)).pointee }
  }

  @Test func registersFlagsAndData() throws {
    // INC EAX; PUSH RAX; STC
    let results = try run([[0xFF, 0xC0], [0x50], [0xF9]])
    #expect(results.allSatisfy { Int($0.status) == SiliconLanded })
    #expect(results[0].out.gpr.0 == 0x1235)
    #expect(results[0].out.rip == UInt64(SiliconCodeBase + 2))
    #expect(results[1].out.gpr.4 == UInt64(SiliconDataBase + 0x7F8))
    #expect(results[1].lineCount == 1)
    #expect(results[2].out.rflags & 1 == 1)
  }

  @Test func exceptions() throws {
    // UD2; DIV of 0; MOV AL, [0]; INT3; a read at an address that is not canonical
    let results = try run([
      [0x0F, 0x0B], [0x31, 0xC9, 0xF7, 0xF1], [0x8A, 0x04, 0x25, 0, 0, 0, 0], [0xCC],
      [0x48, 0xC1, 0xE0, 0x30, 0x48, 0x8B, 0x00],
    ])
    #expect(results.allSatisfy { Int($0.status) == SiliconFaulted })
    #expect(results.map(\.vector) == [6, 0, 14, 3, 13])
    #expect(results[2].error & ~4 == 0 && results[2].cr2 == 0)
    #expect(results[3].out.rip == UInt64(SiliconCodeBase + 3 * Int(SiliconSlotSize) + 1))
  }

  /// MM and XMM registers go in and come out, behind a landing and behind an exception.
  @Test func vectorRegisters() throws {
    let runner = try #require(silicon_open(1))
    defer { silicon_close(runner) }
    let batch = silicon_batch(runner, 0)
    // PADDB XMM0, XMM1; PADDB MM0, MM1; and then UD2 in the second case.
    let code: [UInt8] = [0x66, 0x0F, 0xFC, 0xC1, 0x0F, 0xFC, 0xC1]
    batch.pointee.count = 2
    for index in 0..<2 {
      let it = silicon_case(batch, UInt32(index))
      it.pointee.usesVectors = 1
      it.pointee.vectors.mxcsr = 0x1F80
      it.pointee.vectors.mmx.0 = 0x0102
      it.pointee.vectors.mmx.1 = 0x1010
      it.pointee.vectors.vectors.0.15 = 0x21
      it.pointee.vectors.vectors.1.15 = 0x43
      it.pointee.in.gpr.4 = UInt64(SiliconDataBase + 0x800)
      it.pointee.in.rflags = 0x202
      it.pointee.in.rip = UInt64(SiliconCodeBase + index * Int(SiliconSlotSize))
      for (offset, byte) in (code + (index == 1 ? [0x0F, 0x0B] : [])).enumerated() {
        silicon_code(it)[offset] = byte
      }
      for landing in 0..<Int(SiliconLandings) { silicon_landings(it)[landing] = 0xFF }
      if index == 0 { silicon_landings(it)[0] = UInt8(code.count) }
    }
    #expect(silicon_start(runner, 0) == 0)
    #expect(silicon_wait(runner) == 0)
    for index: UInt32 in 0..<2 {
      let result = silicon_result(batch, index).pointee
      #expect(Int(result.status) == (index == 0 ? SiliconLanded : SiliconFaulted))
      #expect(result.vectors.mmx.0 == 0x1112)
      #expect(result.vectors.vectors.0.15 == 0x64)
      #expect(result.vectors.vectors.1.15 == 0x43)
    }
  }

  @Test("a case that ends or hangs the child costs only itself")
  func deaths() throws {
    // EXIT by a call of the system; JMP to itself; then one that is well.
    let results = try run([[0xB8, 0x3C, 0, 0, 0, 0x0F, 0x05], [0xEB, 0xFE], [0xFF, 0xC0]])
    #expect(results.map { Int($0.status) } == [SiliconDied, SiliconDied, SiliconLanded])
    #expect(results[2].out.gpr.0 == 0x1235)
  }
}
