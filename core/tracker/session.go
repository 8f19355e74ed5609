package tracker

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

const (
	// firstRetry and lastRetry bound the back-off between sockets; at most as
	// much again is added by chance, so that peers whose tracker restarts do not
	// come back all at once.
	firstRetry = time.Second
	lastRetry  = time.Minute
	// goodSession is how long a socket must live to make up for failures before.
	goodSession = 30 * time.Second
	// openTimeout is how long a socket may take to open.
	openTimeout = 30 * time.Second
	// responseTimeout is how long a tracker may say nothing after an announce:
	// a socket whose other end is gone does not tell.
	responseTimeout = time.Minute
	// maxNonsense is how often in a row a tracker that has made sense before may
	// talk nonsense.
	maxNonsense = 3
)

type sessionState uint8

const (
	waiting sessionState = iota // for the time to try again
	opening
	open
	closing
)

// session is one tracker: a socket, or the wait for one.
type session struct {
	url      string
	state    sessionState
	since    time.Time // of the state
	retryAt  time.Time // while waiting
	retries  int       // since the last good session
	asked    time.Time // when the first announce went that may be unheard; zero if none
	answered bool      // in this session something sensible came
	nonsense int       // in a row
	failing  bool      // closing because of a fault, so back off

	speech   speech
	listings []*listing // as they came
	listed   map[id.ID]*listing

	// What has been warned about, so that it is told once to each torrent.
	unreachable  error // nil while it is not
	toldNonsense bool
}

func (s *session) listing(infoHash id.ID) *listing { return s.listed[infoHash] }

func (s *session) deadline() time.Time {
	switch {
	case s.state == waiting:
		return s.retryAt
	case s.state == opening:
		return s.since.Add(openTimeout)
	case s.state == open && !s.asked.IsZero():
		at := s.asked.Add(responseTimeout)
		if next := s.speech.next(); !s.speech.empty() && next.Before(at) {
			return next
		}
		return at
	case s.state == open && !s.speech.empty():
		return s.speech.next()
	}
	return time.Time{}
}

func (a *Announcer) tickSession(now time.Time, s *session) {
	if due := s.deadline(); due.IsZero() || due.After(now) {
		return
	}
	switch {
	case s.state == waiting:
		a.openSocket(now, s)
		return
	case s.state == open && (s.asked.IsZero() || now.Before(s.asked.Add(responseTimeout))):
		a.speak(now, s)
		return
	}
	a.cannotReach(s, errors.New("no answer in time"))
	a.closeSocket(s, true)
}

func (a *Announcer) openSocket(now time.Time, s *session) {
	s.state, s.since = opening, now
	a.armSession(s)
	a.emit(Open{Tracker: s.url})
}

func (a *Announcer) closeSocket(s *session, failing bool) {
	s.state, s.failing = closing, failing
	a.stop(s)
	a.emit(Close{Tracker: s.url})
}

// stop notes that nothing can be sent any more.
func (a *Announcer) stop(s *session) {
	s.asked, s.nonsense = time.Time{}, 0
	a.shutUp(s)
	a.armSession(s)
	for _, l := range s.listings {
		l.started = false
		a.arm(l)
	}
}

func (a *Announcer) opened(now time.Time, url string) {
	s := a.sessions[url]
	if s == nil || s.state != opening {
		return
	}
	s.state, s.since = open, now
	s.speech.left = quota{pace.burst, now}
	for _, l := range s.listings {
		a.hasNews(now, l)
	}
	a.armSession(s)
}

func (a *Announcer) closed(now time.Time, ev Closed) {
	s := a.sessions[ev.Tracker]
	if s == nil || s.state == waiting {
		return
	}
	before, answered := s.state, s.answered
	if before == open && answered && now.Sub(s.since) >= goodSession {
		s.retries = 0
	}
	a.stop(s)
	s.answered = false
	switch {
	case len(s.listings) == 0:
		a.endSession(s)
	case before == closing && !s.failing:
		a.openSocket(now, s) // a torrent came while the socket closed
	default:
		if before != closing && !answered {
			a.cannotReach(s, ev.Err)
		}
		a.backOff(now, s)
	}
}

func (a *Announcer) backOff(now time.Time, s *session) {
	wait := lastRetry
	if s.retries < 6 {
		wait = min(wait, firstRetry<<s.retries)
	}
	s.retries++
	s.state, s.since = waiting, now
	s.retryAt = now.Add(wait + time.Duration(a.rng.Int64N(int64(wait))))
	a.armSession(s)
}

func (a *Announcer) endSession(s *session) {
	delete(a.sessions, s.url)
	a.waits.Set(s, time.Time{})
}

// leave takes a listing out of its session, and ends a session that has none.
func (a *Announcer) leave(s *session, l *listing) {
	s.listings = slices.DeleteFunc(s.listings, func(other *listing) bool { return other == l })
	delete(s.listed, l.torrent.infoHash)
	a.rounds.Set(l, time.Time{})
	l.news, l.round = false, false
	if len(s.listings) > 0 {
		return
	}
	switch s.state {
	case waiting:
		a.endSession(s)
	case opening, open:
		a.closeSocket(s, false)
	case closing:
	}
}

// heard notes that the tracker said something sensible.
func (a *Announcer) heard(s *session) {
	defer a.armSession(s)
	s.asked, s.answered, s.nonsense = time.Time{}, true, 0
	s.unreachable, s.toldNonsense = nil, false
}

// cannotReach warns that there is no talking to a tracker, once until there is.
func (a *Announcer) cannotReach(s *session, cause error) {
	if s.unreachable != nil {
		return
	}
	s.unreachable = ErrUnreachable
	if cause != nil {
		s.unreachable = fmt.Errorf("%w: %w", ErrUnreachable, cause)
	}
	a.warnAll(s, s.unreachable)
}

// warnAll tells every torrent of a tracker.
func (a *Announcer) warnAll(s *session, err error) {
	for _, l := range s.listings {
		a.emit(Warned{InfoHash: l.torrent.infoHash, Tracker: s.url, Err: err})
	}
}

// nonsense warns, once until something sensible comes, and gives a tracker up
// for a while that talks nothing else. A message that is too long is not held
// against it: trackers pass on what peers write.
func (a *Announcer) nonsense(s *session, err error, tooLong bool) {
	if !s.toldNonsense {
		s.toldNonsense = true
		a.warnAll(s, fmt.Errorf("%w: %w", ErrProtocol, err))
	}
	if tooLong {
		return
	}
	s.nonsense++
	if !s.answered || s.nonsense >= maxNonsense {
		a.closeSocket(s, true)
	}
}
