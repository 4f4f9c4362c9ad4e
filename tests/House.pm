# House.pm - what tests/house-rules and tests/figures see of the sources.
package House;

use strict;
use warnings;
use Exporter qw(import);
use File::Find;

our @EXPORT_OK = qw(alone_headers code_of functions percentile room_of slurp
    sources state_comparisons state_words static_names);

# Where a state may be a word: a row's or a record's edge, and a person's.
my $edge = qr{^src/(?:store/(?:row|\w+_row|post_state|rescue)\b|
    flow/view/|flow/publish/(?:options|parse)\b|cli/)}x;
my $compares = qr/\b(?:str(?:case)?cmp|is|nx_str_is|nx_slice_is)\b/;

sub slurp {
	open my $fh, '<', $_[0] or die "$_[0]: $!\n";
	local $/;
	return scalar <$fh>;
}

# { path => text } below the current directory, without generated tables.
sub sources {
	my %text;
	find({ no_chdir => 1, wanted => sub {
		$text{$_} = slurp($_) if /\.[ch]$/ && !/_rows\.h$/;
	} }, grep { -d } 'src', 'include');
	return \%text;
}

sub room_of {
	return $_[0] =~ m{^(?:src|include/nx)/(.+)/} ? $1 : 'main';
}

# Comments go, and what stands in quotes unless it is to be kept; lines stay.
sub code_of {
	my ($text, $keep_strings) = @_;
	$text =~ s{(/\*.*?\*/)|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')}{
	    defined $1 ? $1 =~ s/[^\n]//gr :
	    $keep_strings || substr($2, 0, 1) eq "'" ? $2 : '""'}ges;
	return $text;
}

# ([name, lines of its body, is it static]...) of what code_of() gave.
sub functions {
	my @all;
	my ($type, $name, $start, $n) = ('', undef, 0, 0);
	for (split /\n/, $_[0]) {
		$n++;
		if (/^(\w+)\(/) { $name = $1 }
		elsif (/^[a-z].*[^;]$/) { $type = $_; undef $name }
		elsif (/^\{/ && defined $name) { $start = $n }
		elsif (/^\}/) {
			push @all, [ $name, $n - $start - 1,
			    $type =~ /\bstatic\b/ ] if $start;
			($start, $name) = (0, undef);
		} elsif (/^\s*$|;$/ && !$start) { undef $name }
	}
	return @all;
}

# { name => [file...] } of the static functions of all files.
sub static_names {
	my ($sources) = @_;
	my %in;
	for my $file (sort grep { /\.c$/ } keys %$sources) {
		push @{ $in{ $_->[0] } }, $file
		    for grep { $_->[2] } functions(code_of($sources->{$file}));
	}
	return \%in;
}

# Words that a column of the database may hold as a state.
sub state_words {
	my %word;
	for (glob 'sql/*.sql') {
		my $sql = slurp($_);
		while ($sql =~ /\b(?:state|status|goal|outcome)\w*\s+IN\s*
		    \(([^)]*)\)/gix) {
			$word{$_} = 1 for $1 =~ /'([a-z_]+)'/g;
		}
	}
	return sort keys %word;
}

# ([file, line, is it an edge]...) where a text is compared with such a word.
sub state_comparisons {
	my ($sources) = @_;
	my $word = join '|', state_words();
	my @all;
	return if $word eq '';
	for my $file (sort grep { /^src/ } keys %$sources) {
		my $text = code_of($sources->{$file}, 1);
		while ($text =~ /$compares\s*\([^;{}]*?"(?:$word)"\s*\)/g) {
			my $line = 1 + (substr($text, 0, $-[0]) =~ tr/\n//);
			push @all, [ $file, $line, $file =~ $edge ? 1 : 0 ];
		}
	}
	return @all;
}

# Public headers that no other room includes, not even through another.
sub alone_headers {
	my ($sources) = @_;
	my (%users, %by);
	for my $file (keys %$sources) {
		while ($sources->{$file} =~ /^#include "(nx\/[^"]+)"/mg) {
			my $header = "include/$1";
			$users{$header}{ room_of($file) } = 1;
			push @{ $by{$header} }, $file
			    if $file =~ /^include/;
		}
	}
	return grep {
		my $own = room_of($_);
		my (%seen, %rooms);
		my @todo = ($_);
		while (defined(my $header = shift @todo)) {
			next if $seen{$header}++;
			$rooms{$_} = 1 for keys %{ $users{$header} // {} };
			push @todo, @{ $by{$header} // [] };
		}
		delete $rooms{$own};
		!%rooms;
	} sort grep { /^include/ } keys %$sources;
}

sub percentile {
	my ($share, @sorted) = @_;
	return @sorted ? $sorted[$share * $#sorted + 0.5] : 0;
}

1;
