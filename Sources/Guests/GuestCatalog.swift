import GuestImages
import Tables

/// A guest program that comes with Shootdown.
public struct Guest: Sendable {
  /// Its name on the command line.
  public let name: String
  /// Exit status of `run` when it does what it should.
  public let status: Int32
  /// What it demonstrates.
  public let title: String
  /// Its bytes: a flat image.
  public let image: [UInt8]

  /// Every guest, in the order in which they are listed.
  ///
  /// - Throws: `TableError` when the catalog and the images do not agree; a test looks.
  public static func all() throws(TableError) -> [Guest] {
    var images: [String: [UInt8]] = [:]
    for index in 0..<guestImageCount {
      let image = guestImage(index).pointee
      images[String(cString: image.name)] = Array(
        UnsafeBufferPointer(start: image.start, count: image.end - image.start))
    }
    var guests: [Guest] = []
    for row in try Table("guests", catalog).rows {
      guard let image = images[row["name"]] else { throw row.error("name", "there is no image '\(row["name"])'") }
      guard let status = Int32(row["status"]) else { throw row.error("status", "'\(row["status"])' is no number") }
      guests.append(Guest(name: row["name"], status: status, title: row["title"], image: image))
    }
    guard guests.count == images.count else {
      throw TableError(table: "guests", line: 0, column: "name", problem: "an image is not in the catalog")
    }
    return guests
  }

  /// A disk that firmware boots, and that does its work by int 13h: it prints its second sector and copies it to its third.
  public static var disk: [UInt8] {
    let image = guestDisk().pointee
    return Array(UnsafeBufferPointer(start: image.start, count: image.end - image.start))
  }

  private static let catalog: StaticString = """
    name         status  title
    hello        1       prints a line on the serial port
    stale        1       a page is moved without INVLPG: the TLB's view, and memory's
    faults       1       exceptions through an IDT: vectors, error codes, CR2, a double fault
    selfmodify   1       code that writes code, ahead, behind, beside data, by REP MOVSB
    crossing     1       accesses and instructions across a page boundary
    halt         6       HLT with interrupts off: nothing can wake it
    triplefault  6       a fault without an IDT: the shutdown state
    processors   1       INIT, SIPI, interrupts and NMIs between processors: run it with --cpus N
    quiesce      1       a hypervisor that stops its processors by NMI to change their EPT, rightly or not: --cpus N, --append WORD
    nested       1       a hypervisor that runs a hypervisor that runs a guest, rightly or not: --append WORD
    remap        5       an operating system's remote shootdown by INVLPG, rightly or not: --cpus 2, --append WORD
    litmus       5       the TLB rules as programs, which 'shootdown litmus' lists: --cpus 2, --append NAME
    """
}
