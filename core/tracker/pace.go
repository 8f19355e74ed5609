package tracker

import "time"

// pace is how much we say on one socket: so many messages at once, and so many a
// second in the long run. It is half of what our own registry takes (20 a second,
// 500 at once), since other trackers may take less, and answers to offers are
// neither delayed nor counted: whoever makes offers would keep us from announcing.
var pace = allowance{burst: 200, perSecond: 10}

// speech is what waits to be said on a session's socket: a thousand torrents have
// a thousand things to say when it opens. What is new comes before goodbyes, and
// these before the rounds that keep torrents known.
type speech struct {
	left   quota
	news   []*listing // to be started, or with something to tell
	rounds []*listing
	byes   [][]byte // messages of torrents that are gone
}

func (sp *speech) empty() bool { return len(sp.news)+len(sp.rounds)+len(sp.byes) == 0 }

// next is when the next message may be sent.
func (sp *speech) next() time.Time {
	missing := max(1-sp.left.left, 0)
	return sp.left.at.Add(time.Duration(missing / pace.perSecond * float64(time.Second)))
}

// may reports whether a message may be sent now.
func (sp *speech) may(now time.Time) bool { return !now.Before(sp.next()) }

// spend counts a message. Who has said more than that is silent for the longer; but
// never for more than a burst takes.
func (sp *speech) spend(now time.Time) {
	sp.left = quota{max(sp.left.now(now, pace)-1, -pace.burst), now}
}

// reserve spends a message of a listing that comes when its offers are made, so
// that it is not one too many then. release takes that back, before it comes.
func (l *listing) reserve(now time.Time) {
	if l.started {
		l.reserved = true
		l.session.speech.spend(now)
	}
}

func (l *listing) release() {
	if sp := &l.session.speech; l.reserved {
		l.reserved = false
		sp.left.left = min(sp.left.left+1, pace.burst)
	}
}

// say sends a message at once.
func (a *Announcer) say(now time.Time, s *session, data []byte) {
	s.speech.spend(now)
	a.emit(Send{Tracker: s.url, Data: data})
}

// hasNews lets a listing announce itself out of turn, as soon as its socket is free.
func (a *Announcer) hasNews(now time.Time, l *listing) {
	if !l.news {
		l.news = true
		l.session.speech.news = append(l.session.speech.news, l)
	}
	a.speak(now, l.session)
}

// isDue lets a listing have its round, as soon as its socket is free.
func (a *Announcer) isDue(now time.Time, l *listing) {
	if !l.round {
		l.round = true
		l.session.speech.rounds = append(l.session.speech.rounds, l)
	}
	a.speak(now, l.session)
}

// speak says what there is to say while it may.
func (a *Announcer) speak(now time.Time, s *session) {
	sp := &s.speech
	for s.state == open && !sp.empty() && sp.may(now) {
		switch {
		case len(sp.news) > 0:
			l := sp.news[0]
			sp.news[0], sp.news = nil, sp.news[1:]
			a.tellNews(now, l)
		case len(sp.byes) > 0:
			data := sp.byes[0]
			sp.byes[0], sp.byes = nil, sp.byes[1:]
			a.say(now, s, data)
		default:
			l := sp.rounds[0]
			sp.rounds[0], sp.rounds = nil, sp.rounds[1:]
			a.haveRound(now, l)
		}
	}
	a.armSession(s)
}

func (a *Announcer) tellNews(now time.Time, l *listing) {
	if !l.news {
		return // it is gone
	}
	event := l.event
	l.news, l.event = false, ""
	if !l.started {
		a.start(now, l)
		return
	}
	a.announce(now, l, event, nil)
}

// haveRound begins a round, unless the torrent has been announced meanwhile.
func (a *Announcer) haveRound(now time.Time, l *listing) {
	if !l.round {
		return
	}
	if l.round = false; l.next.After(now) {
		a.arm(l)
		return
	}
	a.beginRound(now, l)
}

// shutUp forgets what was to be said on a socket that is gone, or is about to be.
func (a *Announcer) shutUp(s *session) {
	for _, l := range s.listings {
		l.news, l.round, l.reserved, l.event = false, false, false, ""
	}
	s.speech = speech{}
}
