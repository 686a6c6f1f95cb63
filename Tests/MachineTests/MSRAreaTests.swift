import CPU
import Guests
import Machine
import Testing

/// Registers that VM exits and entries load from MSR areas (SDM Vol. 3, "Loading MSRs").
@Suite struct MSRAreaTests {
  private static func board() throws -> Board {
    let board = try Board(BoardOptions(), serial: { _ in false })
    let image = try #require(try Guest.all().first { $0.name == "hello" }).image
    try BootImage.flat(image).load(into: board)
    return board
  }

  /// A 64-bit host loads IA32_EFER from its area with LME as it is; LME does not change while paging is on.
  @Test func longModeEnableStays() throws {
    let board = try Self.board()
    let processor = board.processor
    #expect(processor.state.pointee.efer == 0xD00)
    #expect(processor.mayWrite(msr: 0xC000_0080, 0x500) && !processor.mayWrite(msr: 0xC000_0080, 0))
    #expect(processor.load(msr: 0xC000_0080, 0x500) && processor.state.pointee.efer == 0x500)
    #expect(!processor.load(msr: 0xC000_0080, 0) && processor.state.pointee.efer == 0x500)
  }

  @Test func valuesAreChecked() throws {
    let board = try Self.board()
    #expect(board.processor.load(msr: 0x277, 0x0606_0606_0606_0606))
    #expect(!board.processor.load(msr: 0x277, 0x0206_0606_0606_0606), "2 is no memory type")
    #expect(!board.processor.load(msr: 0x1234_5678, 0))
  }
}
