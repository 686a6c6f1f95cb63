import Layout
import MMU

extension Processor {
  /// Whether the current privilege may use a port: IOPL, or the I/O permission bitmap of the TSS (SDM Vol. 1, "I/O
  /// Permission Bit Map"). False: the fault is recorded.
  func mayUsePort(_ port: UInt16, bytes: Int) -> Bool {
    let s = state
    guard s.isProtected else { return true }
    let isAllowed = !s.isVirtual8086 && UInt64(s.privilege) << 12 <= s.pointee.rflags & FlagBit.ioPrivilege
    if isAllowed { return true }
    do throws(Fault) {
      let tr = s.pointee.tr
      let denied = Fault(.generalProtection)
      guard tr.attributes & SegmentBit.unusable == 0, tr.attributes & 13 == 9, tr.limit >= 103 else { throw denied }
      let map = UInt64(try systemRead(tr.base &+ 102, as: UInt16.self))
      let offset = map + UInt64(port >> 3)
      guard offset + 1 <= UInt64(tr.limit) else { throw denied }
      let bits = try systemRead(tr.base &+ offset, as: UInt16.self)
      let mask = (UInt16(1) << UInt16(bytes) - 1) << (port & 7)
      guard bits & mask == 0 else { throw denied }
      return true
    } catch {
      setFault(s, error.vector, error.error)
      return false
    }
  }
}
