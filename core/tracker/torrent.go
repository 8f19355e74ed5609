package tracker

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

const (
	// maxTrackers bounds the trackers of one torrent, bad URLs counted: magnet
	// links come from anywhere.
	maxTrackers = 64
	// maxURL is the longest URL taken, in bytes.
	maxURL = 2048
	// wantAtFirst holds until Progress says how many peers are wanted.
	wantAtFirst = 5
)

// torrent is what its listings announce.
type torrent struct {
	infoHash             id.ID
	trackers             []string // that it was added with, bad ones too, without a slash at the end
	uploaded, downloaded int64
	left                 int64 // negative while unknown
	want, peers          int
	reading              bool // needs bytes that left does not count
	listings             []*listing
}

// alone reports whether a torrent wants peers and has none.
func (t *torrent) alone() bool { return t.want > 0 && t.peers == 0 }

// seeds reports whether a torrent needs nothing.
func (t *torrent) seeds() bool { return t.left == 0 && !t.reading }

// announcedLeft is what trackers are told: 0 would make a seed of a torrent whose
// length is not known yet, or that needs what is not selected, and they would
// introduce no seed to it.
func (t *torrent) announcedLeft() int64 {
	if t.left < 0 || t.left == 0 && t.reading {
		return 1
	}
	return t.left
}

func (a *Announcer) add(now time.Time, ev Add) {
	t := a.torrents[ev.InfoHash]
	if t == nil {
		t = &torrent{infoHash: ev.InfoHash, left: ev.Left, want: wantAtFirst}
		a.torrents[ev.InfoHash] = t
	}
	for _, tracker := range ev.Trackers {
		// The same with a slash is the same: two sockets under one peer id would
		// be refused.
		same := strings.TrimSuffix(tracker, "/")
		if slices.Contains(t.trackers, same) || len(t.trackers) >= maxTrackers {
			continue
		}
		t.trackers = append(t.trackers, same)
		if err := checkURL(tracker); err != nil {
			a.emit(Warned{InfoHash: t.infoHash, Tracker: tracker, Err: err})
			continue
		}
		a.list(now, t, same)
	}
}

func checkURL(tracker string) error {
	if len(tracker) > maxURL {
		return fmt.Errorf("%w: too long", ErrURL)
	}
	u, err := url.Parse(tracker)
	if err != nil || u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss" {
		return ErrURL
	}
	return nil
}

// list begins to announce a torrent at a tracker. A torrent that needs bytes has
// its offers made while a new socket opens, for they take as long.
func (a *Announcer) list(now time.Time, t *torrent, tracker string) {
	s := a.sessions[tracker]
	if s == nil {
		s = &session{url: tracker, listed: make(map[id.ID]*listing)}
		a.sessions[tracker] = s
		a.openSocket(now, s)
	}
	l := &listing{torrent: t, session: s, interval: defaultInterval}
	s.listings = append(s.listings, l)
	s.listed[t.infoHash] = l
	t.listings = append(t.listings, l)
	if s.unreachable != nil {
		a.emit(Warned{InfoHash: t.infoHash, Tracker: s.url, Err: s.unreachable})
	}
	switch {
	case s.state == open:
		a.hasNews(now, l)
	case s.state == opening && s.retries == 0 && len(s.listings) <= int(pace.burst):
		a.askForOffers(now, l)
	}
}

func (a *Announcer) remove(now time.Time, infoHash id.ID) {
	t := a.torrents[infoHash]
	if t == nil {
		return
	}
	for _, l := range t.listings {
		a.stopListing(now, l)
	}
	delete(a.torrents, infoHash)
}

// leaveTrackers forgets some of a torrent's trackers.
func (a *Announcer) leaveTrackers(now time.Time, ev Leave) {
	t := a.torrents[ev.InfoHash]
	if t == nil {
		return
	}
	for _, tracker := range ev.Trackers {
		same := strings.TrimSuffix(tracker, "/")
		t.trackers = slices.DeleteFunc(t.trackers, func(other string) bool { return other == same })
		t.listings = slices.DeleteFunc(t.listings, func(l *listing) bool {
			if l.session.url != same {
				return false
			}
			a.stopListing(now, l)
			return true
		})
	}
}

func (a *Announcer) stopListing(now time.Time, l *listing) {
	if l.started {
		m := a.announcementOf(l, stopped)
		l.session.speech.byes = append(l.session.speech.byes, m.encode())
	}
	l.news, l.round = false, false
	a.speak(now, l.session)
	a.leave(l.session, l)
}

func (a *Announcer) progress(now time.Time, ev Progress) {
	t := a.torrents[ev.InfoHash]
	if t == nil {
		return
	}
	left, alone, reads := t.left, t.alone(), ev.Reading && !t.reading
	t.uploaded, t.downloaded = max(0, ev.Uploaded), max(0, ev.Downloaded)
	t.left, t.want, t.peers = ev.Left, max(0, ev.Want), max(0, ev.Peers)
	t.reading = ev.Reading
	for _, l := range t.listings {
		switch {
		case !l.started:
		case left > 0 && t.left == 0:
			l.event = completed
			a.hasNews(now, l)
		case left < 0 && t.left == 0:
			a.hasNews(now, l) // all bytes were here already
		}
		if alone != t.alone() || reads {
			l.asks = 0
			a.plan(now, l)
		}
	}
}
