import CCapstone
import CReadline

/// The libraries that the monitor is linked to.
public enum Libraries {
  /// One line: names and versions. GNU Readline makes a binary linked to it subject to GPL-3.
  public static var versions: String {
    var major: Int32 = 0
    var minor: Int32 = 0
    cs_version(&major, &minor)
    let readline = RL_READLINE_VERSION
    return "Capstone \(major).\(minor), GNU Readline \(readline >> 8).\(readline & 0xFF)"
  }
}
